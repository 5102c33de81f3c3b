custom_imports = dict(imports=['good_class.faces'])
data = dict(train=dict(type='FacesDataset'))
