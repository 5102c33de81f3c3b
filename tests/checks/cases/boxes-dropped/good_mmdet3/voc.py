train_dataloader = dict(
    dataset=dict(
        type='RepeatDataset',
        times=3,
        dataset=dict(
            type='VOCDataset',
            data_root='good_mmdet3',
            ann_file='ids.txt',
            data_prefix=dict(sub_data_root=''),
            filter_cfg=dict(filter_empty_gt=True, min_size=32, bbox_min_size=32))))
