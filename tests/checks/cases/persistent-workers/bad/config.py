data = dict(workers_per_gpu=0, persistent_workers=True, train=dict(type='CocoDataset'))
