custom_imports = dict(imports=['good.pets_dataset'], allow_failed_imports=False)
data = dict(train=dict(type='PetsDataset'), val=dict(type='mmdet.CocoDataset'))
