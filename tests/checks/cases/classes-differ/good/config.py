classes = ('cat', 'dog')
data = dict(
    train=dict(type='CocoDataset', classes=classes),
    val=dict(type='CocoDataset', classes=classes))
