train_dataloader = dict(
    dataset=dict(
        type='XMLDataset',
        img_subdir='Annotations',
        data_root='bad_mmdet3',
        ann_file='ids.txt'))
