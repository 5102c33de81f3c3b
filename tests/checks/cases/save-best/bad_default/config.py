data = dict(val=dict(type='XMLDataset', classes=('cat', ), ann_file='ids.txt'))
evaluation = dict(save_best='bbox_mAP')
