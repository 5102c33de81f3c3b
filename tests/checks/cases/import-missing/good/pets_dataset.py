class PetsDataset:
    pass
