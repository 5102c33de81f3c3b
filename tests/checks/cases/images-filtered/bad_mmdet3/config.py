train_dataloader = dict(
    dataset=dict(
        type='XMLDataset',
        metainfo=dict(classes=('cat', )),
        data_root='bad_mmdet3',
        ann_file='ids.txt',
        data_prefix=dict(sub_data_root=''),
        filter_cfg=dict(filter_empty_gt=True, min_size=50)))
