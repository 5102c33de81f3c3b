"""The dataset classes in mmdetection's registry."""

from __future__ import annotations

# mmdet 2.28.2
_MMDET2 = """
CityscapesDataset ClassBalancedDataset CocoDataset CocoPanopticDataset ConcatDataset CustomDataset
DeepFashionDataset LVISDataset LVISV05Dataset LVISV1Dataset MultiImageMixDataset
Objects365V1Dataset Objects365V2Dataset OccludedSeparatedCocoDataset OpenImagesChallengeDataset
OpenImagesDataset RepeatDataset VOCDataset WIDERFaceDataset XMLDataset
"""

# mmdet 3.3.0 and mmengine 0.10.7
_MMDET3 = """
ADE20KInstanceDataset ADE20KPanopticDataset ADE20KSegDataset BaseDetDataset BaseSegDataset
BaseVideoDataset CityscapesDataset ClassBalancedDataset CocoCaptionDataset CocoDataset
CocoPanopticDataset CocoSegDataset ConcatDataset CrowdHumanDataset DODDataset DSDLDetDataset
DeepFashionDataset Flickr30kDataset LVISDataset LVISV05Dataset LVISV1Dataset
MDETRStyleRefCocoDataset MOTChallengeDataset MultiImageMixDataset ODVGDataset Objects365V1Dataset
Objects365V2Dataset OpenImagesChallengeDataset OpenImagesDataset ReIDDataset RefCocoDataset
RepeatDataset V3DetDataset VOCDataset WIDERFaceDataset XMLDataset YouTubeVISDataset iSAIDDataset
"""

BUILT_IN = {2: frozenset(_MMDET2.split()), 3: frozenset(_MMDET3.split())}
"""Generation -> dataset classes registered by mmdetection itself."""
