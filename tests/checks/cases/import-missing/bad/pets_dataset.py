PetsDataset = = 1
