custom_imports = dict(imports=['pets_not_there'])
train_dataloader = dict(dataset=dict(type='PetDataset'))
