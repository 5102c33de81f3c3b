data = dict(
    train=dict(type='CocoDataset', classes=('dog', ), ann_file='bad_other_classes/train.json'))
