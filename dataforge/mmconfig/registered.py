"""Datasets, wrappers, metrics and some parts of models in mmdetection: what each class accepts."""

from __future__ import annotations

from typing import NamedTuple


class Accepts(NamedTuple):
    """The keyword arguments of a class.

    Attributes:
        names: all of them.
        needed: those without a default.
    """

    names: frozenset[str]
    needed: frozenset[str]


# mmdet 2.28.2. A row is a class, the one whose arguments it also takes, and its own arguments;
# those with a star have no default.
_DATASETS_2 = """
CityscapesDataset < CocoDataset:
ClassBalancedDataset: dataset* oversample_thr* filter_empty_gt
CocoDataset < CustomDataset:
CocoPanopticDataset: ann_file* pipeline* ins_ann_file classes data_root img_prefix seg_prefix
    proposal_file test_mode filter_empty_gt file_client_args
ConcatDataset: datasets* separate_eval
CustomDataset: ann_file* pipeline* classes data_root img_prefix seg_prefix seg_suffix
    proposal_file test_mode filter_empty_gt file_client_args
DeepFashionDataset < CocoDataset:
LVISDataset < CocoDataset:
LVISV05Dataset < CocoDataset:
LVISV1Dataset < LVISV05Dataset:
MultiImageMixDataset: dataset* pipeline* dynamic_scale skip_type_keys max_refetch
Objects365V1Dataset < CocoDataset:
Objects365V2Dataset < CocoDataset:
OccludedSeparatedCocoDataset < CocoDataset: occluded_ann separated_ann
OpenImagesChallengeDataset < OpenImagesDataset:
OpenImagesDataset < CustomDataset: label_file image_level_ann_file get_supercategory
    hierarchy_file get_metas load_from_file meta_file filter_labels load_image_level_labels
RepeatDataset: dataset* times*
VOCDataset < XMLDataset:
WIDERFaceDataset < XMLDataset:
XMLDataset < CustomDataset: min_size img_subdir ann_subdir
"""

# mmdet 3.3.0 and mmengine 0.10.7
_DATASETS_3 = """
ADE20KInstanceDataset < CocoDataset:
ADE20KPanopticDataset < CocoPanopticDataset:
ADE20KSegDataset < BaseSegDataset: return_classes
BaseDataset: ann_file metainfo data_root data_prefix filter_cfg indices serialize_data pipeline
    test_mode lazy_init max_refetch
BaseDetDataset < BaseDataset: seg_map_suffix proposal_file file_client_args backend_args
    return_classes caption_prompt
BaseSegDataset < BaseDataset: img_suffix seg_map_suffix use_label_map backend_args
BaseVideoDataset < BaseDataset: backend_args
CityscapesDataset < CocoDataset:
ClassBalancedDataset: dataset* oversample_thr* lazy_init
CocoCaptionDataset < BaseDataset:
CocoDataset < BaseDetDataset:
CocoPanopticDataset < CocoDataset:
CocoSegDataset < ADE20KSegDataset:
ConcatDataset: datasets* lazy_init ignore_keys
CrowdHumanDataset < BaseDetDataset: data_root* ann_file* extra_ann_file
DODDataset < BaseDetDataset:
DSDLDetDataset < BaseDetDataset: with_bbox with_polygon with_mask with_imagelevel_label
    with_hierarchy specific_key_path pre_transform
DeepFashionDataset < CocoDataset:
Flickr30kDataset < BaseDetDataset:
LVISDataset < CocoDataset:
LVISV05Dataset < CocoDataset:
LVISV1Dataset < LVISV05Dataset:
MDETRStyleRefCocoDataset < BaseDetDataset:
MOTChallengeDataset < BaseVideoDataset: visibility_thr
MultiImageMixDataset: dataset* pipeline* skip_type_keys max_refetch lazy_init
ODVGDataset < BaseDetDataset: label_map_file need_text
Objects365V1Dataset < CocoDataset:
Objects365V2Dataset < CocoDataset:
OpenImagesChallengeDataset < OpenImagesDataset: ann_file*
OpenImagesDataset < BaseDetDataset: label_file* meta_file* hierarchy_file* image_level_ann_file
ReIDDataset < BaseDataset: triplet_sampler
RefCocoDataset < BaseDataset: data_root* ann_file* split_file* data_prefix* split text_mode
RepeatDataset: dataset* times* lazy_init
V3DetDataset < CocoDataset: label_file
VOCDataset < XMLDataset:
WIDERFaceDataset < XMLDataset:
XMLDataset < BaseDetDataset: img_subdir ann_subdir
YouTubeVISDataset < BaseVideoDataset: dataset_version*
iSAIDDataset < CocoDataset:
"""

_METRICS_3 = """
COCOCaptionMetric: ann_file* collect_device prefix
CityScapesMetric: outfile_prefix* seg_prefix format_only collect_device prefix dump_matches
    file_client_args backend_args
CocoMetric: ann_file metric classwise proposal_nums iou_thrs metric_items format_only
    outfile_prefix file_client_args backend_args collect_device prefix sort_categories use_mp_eval
CocoOccludedSeparatedMetric < CocoMetric: occluded_ann separated_ann score_thr iou_thr
CocoPanopticMetric: ann_file seg_prefix classwise format_only outfile_prefix nproc
    file_client_args backend_args collect_device prefix
CocoVideoMetric < CocoMetric:
CrowdHumanMetric: ann_file* metric format_only outfile_prefix file_client_args backend_args
    collect_device prefix eval_mode iou_thres compare_matching_method mr_ref num_ji_process
DODCocoMetric: ann_file collect_device outfile_prefix backend_args prefix
DumpDetResults < DumpResults:
DumpODVGResults: outfile_path* img_prefix* score_thr collect_device nms_thr prefix
DumpProposals: output_dir proposals_file num_max_proposals file_client_args backend_args
    collect_device prefix
DumpResults: out_file_path* collect_device collect_dir
Flickr30kMetric: topk iou_thrs merge_boxes collect_device prefix
LVISFixedAPMetric: ann_file* topk format_only outfile_prefix collect_device prefix backend_args
LVISMetric: ann_file metric classwise proposal_nums iou_thrs metric_items format_only
    outfile_prefix collect_device prefix file_client_args backend_args
MOTChallengeMetric: metric outfile_prefix track_iou_thr benchmark format_only use_postprocess
    postprocess_tracklet_cfg collect_device prefix
OVCocoMetric < CocoMetric:
OpenImagesMetric: iou_thrs ioa_thrs scale_ranges use_group_of get_supercategory filter_labels
    collect_device prefix
ReIDMetrics: metric metric_options collect_device prefix
RefExpMetric: ann_file metric topk iou_thrs collect_device prefix collect_dir
RefSegMetric: metric collect_device prefix collect_dir
SemSegMetric: iou_metrics beta collect_device output_dir format_only backend_args prefix
VOCMetric: iou_thrs scale_ranges metric proposal_nums eval_mode collect_device prefix
YouTubeVISMetric: metric metric_items outfile_prefix collect_device prefix format_only
gRefCOCOMetric: ann_file metric iou_thrs thresh_score thresh_f1 collect_device prefix collect_dir
"""

# The same in mmdet 2.28.2 and 3.3.0
_MODELS = """
AnchorGenerator: strides* ratios* scales base_sizes scale_major octave_base_scale scales_per_octave
    centers center_offset
FPN: in_channels* out_channels* num_outs* start_level end_level add_extra_convs
    relu_before_extra_convs no_norm_on_lateral conv_cfg norm_cfg act_cfg upsample_cfg init_cfg
Res2Net < ResNet: scales base_width
ResNet: depth* in_channels stem_channels base_channels num_stages strides dilations out_indices
    style deep_stem avg_down frozen_stages conv_cfg norm_cfg norm_eval dcn stage_with_dcn plugins
    with_cp zero_init_residual pretrained init_cfg
"""

# What `evaluate` of mmdet 2.28.2's datasets takes from `evaluation`, beside EvalHook's own.
_EVALUATES_2 = """
CityscapesDataset: metric logger outfile_prefix classwise proposal_nums iou_thrs
CocoDataset: metric logger jsonfile_prefix classwise proposal_nums iou_thrs metric_items
CustomDataset: metric logger proposal_nums iou_thr scale_ranges
DeepFashionDataset < CocoDataset:
LVISDataset: metric logger jsonfile_prefix classwise proposal_nums iou_thrs
LVISV05Dataset < LVISDataset:
LVISV1Dataset < LVISDataset:
Objects365V1Dataset < CocoDataset:
Objects365V2Dataset < CocoDataset:
OpenImagesChallengeDataset < OpenImagesDataset:
OpenImagesDataset: metric logger iou_thr ioa_thr scale_ranges denorm_gt_bbox use_group_of
VOCDataset < CustomDataset:
WIDERFaceDataset < CustomDataset:
XMLDataset < CustomDataset:
"""

EVAL_HOOK = frozenset({
    "by_epoch", "dynamic_intervals", "file_client_args", "greater_keys", "interval", "less_keys",
    "out_dir", "rule", "save_best", "start", "test_fn",
})  # fmt: skip
"""What mmdet 2's EvalHook takes from `evaluation` itself."""


def _rows(table: str) -> dict[str, Accepts]:
    """Class -> what it accepts."""
    lines = [line.split(":") for line in table.replace("\n    ", " ").strip().splitlines()]
    rows = {head.partition(" < ")[0]: (head.partition(" < ")[2], own) for head, own in lines}

    def accepts(name: str) -> Accepts:
        base, own = rows[name]
        below = accepts(base) if base else Accepts(frozenset(), frozenset())
        needed = frozenset(word[:-1] for word in own.split() if word.endswith("*"))
        return Accepts(
            below.names | {word.rstrip("*") for word in own.split()}, below.needed | needed
        )

    return {name: accepts(name) for name in rows}


DATASETS = {2: _rows(_DATASETS_2), 3: _rows(_DATASETS_3)}
"""Generation -> dataset or wrapper -> what it accepts."""

METRICS = _rows(_METRICS_3)
"""Metric of mmdetection 3 -> what it accepts."""

MODELS = _rows(_MODELS)
"""Part of a model that `register` configures -> what it accepts."""

EVALUATES = _rows(_EVALUATES_2)
"""Dataset of mmdetection 2 -> what its `evaluate` accepts."""

_COCO = ("bbox", "segm", "proposal", "proposal_fast")
_VOC = ("mAP", "recall")

EVALUATED = {
    "CityscapesDataset": (*_COCO, "cityscapes"),
    "CocoPanopticDataset": ("PQ", "pq", "bbox", "segm", "proposal"),
    "OccludedSeparatedCocoDataset": _COCO,
    "OpenImagesChallengeDataset": ("mAP",),
    "OpenImagesDataset": ("mAP",),
    **dict.fromkeys(("CustomDataset", "VOCDataset", "WIDERFaceDataset", "XMLDataset"), _VOC),
    **dict.fromkeys(
        ("CocoDataset", "DeepFashionDataset", "LVISDataset", "LVISV05Dataset", "LVISV1Dataset",
         "Objects365V1Dataset", "Objects365V2Dataset"), _COCO,
    ),
    "CocoMetric": _COCO,
    "CocoVideoMetric": _COCO,
    "CrowdHumanMetric": ("MR", "AP", "JI"),
    "LVISMetric": _COCO,
    "MOTChallengeMetric": ("HOTA", "CLEAR", "Identity"),
    "ReIDMetrics": ("mAP", "CMC"),
    "VOCMetric": ("recall", "mAP"),
    "YouTubeVISMetric": ("youtube_vis_ap",),
}  # fmt: skip
"""Dataset of mmdetection 2, or metric of mmdetection 3 -> values of `metric` that it computes."""

WRAPPERS = frozenset({
    "ClassBalancedDataset", "ConcatDataset", "MultiImageMixDataset", "RepeatDataset",
})  # fmt: skip
"""Datasets that contain others."""

BUILT_IN = {
    generation: frozenset(table) - {"BaseDataset"} for generation, table in DATASETS.items()
}
"""Generation -> dataset classes registered by mmdetection itself."""
BUILT_IN[0] = frozenset()  # a config of neither
