custom_imports = dict(imports=['pets_dataset.mmdet2'])
data = dict(
    train=dict(type='PetsDataset', classes=('cat', 'dog'), ann_file='good_by_name/train.json'))
