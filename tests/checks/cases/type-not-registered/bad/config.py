data = dict(
    train=dict(type='RepeatDataset', times=2, dataset=dict(type='CoccoDataset')),
    val=dict(type='CocoDataset'))
