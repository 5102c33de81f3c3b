data = dict(workers_per_gpu=0, train=dict(type='CocoDataset'))
