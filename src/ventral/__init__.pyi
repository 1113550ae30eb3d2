# What editors and type checkers see of the names that __init__.py imports lazily.
from ventral.errors import VentralError as VentralError
from ventral.interface.components import pca as pca
from ventral.interface.regression import pls as pls
from ventral.interface.regression import ridge_cv as ridge_cv
from ventral.interface.scoring import noise_ceiling as noise_ceiling
from ventral.interface.scoring import score as score
from ventral.interface.stores import open_store as open_store

__version__: str
