train_dataloader = dict(
    dataset=dict(
        type='XMLDataset',
        img_subdir='Annotations',
        data_root='good_mmdet3',
        ann_file='ids.txt',
        data_prefix=dict(sub_data_root='')))
