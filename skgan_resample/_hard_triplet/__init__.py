"""HardTripletSampler and HardTripletEmbedder: hard positives and hard negatives for tables."""

from skgan_resample._hard_triplet._embedder import HardTripletEmbedder
from skgan_resample._hard_triplet._sampler import HardTripletSampler
from skgan_resample._hard_triplet._training import TripletNetworkOptions

__all__ = ["HardTripletEmbedder", "HardTripletSampler", "TripletNetworkOptions"]
