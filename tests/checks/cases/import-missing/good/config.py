custom_imports = dict(imports=['good.pets_dataset', 'json.tool'])
data = dict(train=dict(type='CocoDataset'))
