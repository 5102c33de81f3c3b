"""A split of data.yaml that is not where it says, but was found elsewhere.

What: the path of ``train``, ``val`` or ``test`` is not there as it is written; the end of it is.

Why: paths of another machine, or Roboflow's ``../train/images``, are common and harmless, unless
the folder that was found is another one than was meant.

Example: ``train: /home/ann/data/images/train``, where ``images/train`` is there.

Fix: none, if it is the right folder; paths relative to data.yaml hold everywhere.
"""

SEVERITY = "note"
