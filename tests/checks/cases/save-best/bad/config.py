data = dict(val=dict(type='XMLDataset', classes=('cat', ), ann_file='ids.txt'))
evaluation = dict(interval=1, metric='mAP', save_best='auto')
