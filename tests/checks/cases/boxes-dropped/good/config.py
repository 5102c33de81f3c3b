data = dict(train=dict(type='XMLDataset', ann_file='good/ids.txt', img_prefix='good/', min_size=5))
