from mmengine.config import read_base

from pets_not_there.pets_dataset import PetsDataset

with read_base():
    from .base import *

train_dataloader['dataset'] = dict(type=PetsDataset)
