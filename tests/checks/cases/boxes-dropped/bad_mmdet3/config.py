_base_ = 'voc.py'
