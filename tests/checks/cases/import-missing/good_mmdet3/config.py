from mmengine.config import read_base

from good_mmdet3.pets_dataset import PetsDataset

with read_base():
    from .base import *

train_dataloader['dataset'] = dict(type=PetsDataset)
