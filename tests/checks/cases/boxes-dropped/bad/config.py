data = dict(train=dict(type='XMLDataset', ann_file='bad/ids.txt', img_prefix='bad/', min_size=20))
