CLASSES = ('face', )
