custom_imports = dict(imports=['bad_class.faces'])
data = dict(train=dict(type='FacesDataset'))
