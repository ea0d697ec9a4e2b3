"""SMCAE: synthetic rows moved into the distribution of real ones by a stacked multichannel autoencoder."""

from skgan_resample._smcae._fitting import Origin
from skgan_resample._smcae._training import AutoencoderOptions
from skgan_resample._smcae._transformer import SMCAETransformer

__all__ = ["AutoencoderOptions", "Origin", "SMCAETransformer"]
