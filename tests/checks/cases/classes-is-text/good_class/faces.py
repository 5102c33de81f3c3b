from mmdet.datasets import DATASETS, XMLDataset

from .names import CLASSES


@DATASETS.register_module()
class FacesDataset(XMLDataset):
    CLASSES = CLASSES
