custom_imports = dict(imports=['bad.pets_dataset', 'bad.pets_datasets'])
data = dict(train=dict(type='CocoDataset'))
