train_dataloader = dict(
    dataset=dict(
        type='VOCDataset', ann_file='ids.txt', filter_cfg=dict(bbox_min_size=32)))
