data = dict(val=dict(type='CocoDataset'))
evaluation = dict(metric=['bbox', 'segm'], save_best='auto')
