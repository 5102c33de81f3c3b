data = dict(
    train=dict(type='CocoDataset', classes=('cat', 'dog')),
    val=dict(type='CocoDataset', classes=('dog', 'cat')),
    test=dict(type='CocoDataset'))
