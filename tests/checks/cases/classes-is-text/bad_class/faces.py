from mmdet.datasets import DATASETS, XMLDataset


@DATASETS.register_module()
class FacesDataset(XMLDataset):
    CLASSES = ('face')
