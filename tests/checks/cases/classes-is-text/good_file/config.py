data = dict(train=dict(type='CocoDataset', classes='good_file/names.txt'))
