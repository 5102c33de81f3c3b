"""Where each trouble that users of other tools report is shown not to be one here.

Three lists: how labelme's cases fare in other tools, how Pascal VOC's fare, and thirty pains from
issue trackers. A row names tests by function; that they are there is the test.
"""

from __future__ import annotations

import ast

import pytest
from helpers import REPO

# case of a labelme tool -> tests
LABELME: dict[str, tuple[str, ...]] = {
    "inputs": ("test_every_format_is_listed_with_what_it_cannot_hold",),
    "outputs": ("test_the_registry_names_formats_that_can_be_read_and_written",),
    "polygon": ("test_polygon_keeps_fractions", "test_a_square_of_20_has_400_pixels"),
    "rectangle, corners in any order": ("test_rectangle_with_corners_in_any_order",),
    "rectangle of four points": ("test_rectangle_with_four_points",),
    "circle": ("test_circle_has_the_area_of_a_circle", "test_circle"),
    "line": (
        "test_lines_and_points_are_counted_and_the_rest_survives",
        "test_a_line_with_a_stroke",
    ),
    "linestrip, points, mask, oriented rectangle, null": (
        "test_lines_and_points_are_counted_and_the_rest_survives",
        "test_mask_oriented_rectangle_and_null_are_read",
        "test_a_linestrip_with_a_stroke_counts_the_joint_once",
        "test_points_with_a_radius",
    ),
    "no shape_type": ("test_no_shape_type", "test_labelme_3_0"),
    "polygon of two points": ("test_polygon_with_two_points",),
    "outline that crosses itself": ("test_self_intersecting_polygon_has_an_area",),
    "group_id": ("test_group_id_is_one_instance_and_no_crowd", "test_no_group_keeps_them_apart"),
    "holes": ("test_holes_stay_holes_and_no_crowd",),
    "labels that differ in spaces or case": (
        "test_labels_with_spaces_and_capitals",
        "test_look_alikes_are_one_warning_with_counts",
    ),
    "EXIF orientation": ("test_exif_orientation",),
    "no image size": ("test_no_image_size_in_the_json", "test_no_size_anywhere"),
    "wrong image size": ("test_a_wrong_image_size_in_the_json",),
    "image embedded, file absent": ("test_an_image_that_is_only_embedded",),
    "image missing": ("test_a_missing_image_does_not_end_the_run",),
    "backslashes in imagePath": ("test_backslashes_in_image_path",),
    "file_name as written": ("test_file_names_do_not_depend_on_the_working_directory",),
    "dotted stem": ("test_dotted_stems",),
    "nested folders": ("test_nested_folders_with_names_that_repeat",),
    "GBK, byte order mark": ("test_gbk_and_byte_order_marks",),
    "other JSON beside": ("test_other_json_in_the_folder",),
    "one truncated file": ("test_a_truncated_file_is_located_and_the_others_convert",),
    "first category id": ("test_category_ids_start_at_1_unless_told",),
    "order of labels": ("test_label_order_is_the_same_in_every_split",),
    "split": (
        "test_a_split_is_disjoint_complete_and_reproducible",
        "test_an_image_never_changes_sides",
        "test_frames_of_a_video_stay_together",
    ),
    "validation": ("test_oddities", "test_shapes_read_are_shapes_written_and_shapes_lost"),
    "statistics": ("test_the_report", "test_json_is_all_of_it_and_nothing_else"),
    "browsing": ("the issue of `dataforge browse`",),
    "progress": ("test_progress_counts_files",),
    "parallel": ("the issue of engines",),
    "remote, distributed, streaming": ("test_a_remote_root_reads_like_a_local_one",),
    "detail of errors": (
        "test_a_bad_shape_is_located_and_the_others_are_read",
        "test_decode_json_says_where",
    ),
    "exit codes": (
        "test_no_input_folder_is_an_error_and_nothing_is_written",
        "test_3_could_not_do_it",
    ),
    "atomic output": (
        "test_an_unwritable_output_leaves_nothing_half_done",
        "test_all_files_or_none",
    ),
    "Python interface": ("test_all_is_sorted_and_without_repeats",),
    "back to labelme": (
        "test_coco_to_labelme_to_coco_keeps_outlines_and_pixels",
        "test_labelme_opens_what_is_written",
        "test_what_labelme_saves_is_read_back",
    ),
}

# case of a Pascal VOC tool -> tests
VOC: dict[str, tuple[str, ...]] = {
    "how a box is counted": (
        "test_how_boxes_are_counted_is_said_once",
        "test_to_edges_follows_the_table_of_formats_md",
        "test_coords",
    ),
    "float coordinates": ("test_fractions_in_boxes",),
    "xmin of 0": ("test_a_box_that_begins_at_0_stays_in_the_image",),
    "xmin above xmax": ("test_reversed_corners",),
    "box beyond the image": ("test_a_box_beyond_the_image",),
    "no size": ("test_size_missing_fractional_or_0", "test_no_size_and_no_image_to_measure"),
    "size with a point": ("test_size_missing_fractional_or_0",),
    "size of 0": ("test_size_missing_fractional_or_0",),
    "no difficult": ("test_difficult_missing_empty_or_unspecified",),
    "difficult empty or Unspecified": ("test_difficult_missing_empty_or_unspecified",),
    "difficult of 1": ("test_difficult_objects_are_kept_ignored_or_dropped_as_told",),
    "image .png, .JPG, or other than the XML says": ("test_an_image_that_is_no_jpg",),
    "filename of another stem, a Windows path, bare, absent": ("test_filename_of_any_kind",),
    "nested XML": ("test_nested_xml", "test_eight_folders_need_no_flag"),
    "no ImageSets": ("test_no_image_sets",),
    "split line with an extension": ("test_split_line_with_extension_path_or_column",),
    "unknown class": ("test_unknown_class",),
    "class with spaces": ("test_class_with_spaces_around",),
    "object without bndbox": ("test_object_without_bndbox",),
    "declared gb2312": ("test_xml_declared_gb2312",),
    "truncated XML": ("test_truncated_xml",),
}

# number of the pain -> what it is about, and tests
PAINS: dict[int, tuple[str, tuple[str, ...]]] = {
    1: ("dataset not in the registry", ("test_the_package_is_importable_from_anywhere",)),
    2: ("edits inside mmdetection", ("test_apply_writes_and_unregister_takes_back",)),
    3: ("CLASSES without a comma", ("test_a_single_class_stays_a_tuple",)),
    4: ("num_classes", ("test_mmdet_builds_every_base", "test_num_classes_one_off")),
    5: (
        "class order of JSON and config",
        (
            "test_labels_go_by_name_not_by_the_files_order",
            "test_label_order_is_the_same_in_every_split",
        ),
    ),
    6: (
        "a class that one split lacks",
        (
            "test_label_order_is_the_same_in_every_split",
            "test_a_class_that_the_training_file_lacks",
        ),
    ),
    7: ("no ground truth left", ("test_what_is_dropped_is_named_with_its_rule",)),
    8: (
        "VOC's own class names in the table",
        ("test_the_pipelines_load_and_perfect_detections_are_perfect",),
    ),
    9: ("dataset year in the path", ("test_humanparts_as_others_read_it",)),
    10: (
        "images other than .jpg",
        (
            "test_an_image_that_is_no_jpg",
            "test_it_loads_each_image_with_its_own_labels",
            "test_other_case_is_said",
        ),
    ),
    11: (
        "difficult",
        (
            "test_difficult_missing_empty_or_unspecified",
            "test_difficult_objects_are_kept_ignored_or_dropped_as_told",
        ),
    ),
    12: (
        "size missing or swapped",
        ("test_size_missing_fractional_or_0", "test_swapped_width_and_height"),
    ),
    13: ("float coordinates", ("test_fractions_in_boxes",)),
    14: (
        "from 0 or from 1",
        (
            "test_how_boxes_are_counted_is_said_once",
            "test_evidence",
            "test_auto_says_what_it_chose",
        ),
    ),
    15: (
        "boxes reversed, empty or outside",
        (
            "test_reversed_corners",
            "test_a_box_beyond_the_image",
            "test_bad_boxes_are_held_as_they_are",
        ),
    ),
    16: (
        "images without objects",
        (
            "test_an_image_with_no_objects_is_kept",
            "test_empty_shapes_are_an_image_with_nothing_marked",
            "test_drop_empty",
        ),
    ),
    17: (
        "ids twice",
        (
            "test_ids_are_unique_whatever_the_source",
            "test_one_id_for_two_images_costs_both",
            "test_annotations_without_an_id_of_their_own",
        ),
    ),
    18: ("first category id", ("test_category_ids_start_at_1_unless_told", "test_ids_of_any_kind")),
    19: (
        "shape types",
        (
            "test_lines_and_points_are_counted_and_the_rest_survives",
            "test_mask_oriented_rectangle_and_null_are_read",
            "test_circle_has_the_area_of_a_circle",
            "test_the_primitives_by_hand",
        ),
    ),
    20: ("group_id", ("test_group_id_is_one_instance_and_no_crowd",)),
    21: ("masks as crowds", ("test_holes_stay_holes_and_no_crowd", "test_iscrowd")),
    22: ("backslashes", ("test_backslashes_in_image_path", "test_resolve")),
    23: (
        "encodings",
        (
            "test_gbk_and_byte_order_marks",
            "test_xml_declared_gb2312",
            "test_a_list_that_powershell_wrote",
        ),
    ),
    24: (
        "rectangle corners",
        ("test_rectangle_with_corners_in_any_order", "test_rectangle_with_four_points"),
    ),
    25: ("EXIF", ("test_exif_orientation",)),
    26: (
        "imageData, too much or none",
        (
            "test_an_image_that_is_only_embedded",
            "test_embedded_images_are_taken_out_only_when_asked",
        ),
    ),
    27: ("label in no list", ("test_unknown_class", "test_unknown_labels")),
    28: ("memory", ("the issue of speed",)),
    29: (
        "paths, nested or twice",
        (
            "test_nested_folders_with_names_that_repeat",
            "test_file_names_do_not_depend_on_the_working_directory",
            "test_a_path_that_leads_out_without_a_fall_back_loses_the_file",
            "test_an_absolute_path_to_the_only_image_of_that_name",
        ),
    ),
    30: ("no look at the data before training", ("test_0_it_is_said_what_to_do_and_that_works",)),
}


def defined() -> set[str]:
    """Names of all test functions below tests/."""
    names: set[str] = set()
    for path in sorted((REPO / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        names |= {
            node.name
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        }
    return names


DEFINED = defined()
ROWS = [
    *((f"labelme: {row}", tests) for row, tests in LABELME.items()),
    *((f"voc: {row}", tests) for row, tests in VOC.items()),
    *((f"{number}: {about}", tests) for number, (about, tests) in PAINS.items()),
]


@pytest.mark.parametrize(("row", "tests"), ROWS, ids=[row for row, _ in ROWS])
def test_the_row_has_its_tests(row: str, tests: tuple[str, ...]) -> None:
    """A phrase in place of a test's name is a piece of work that is still to be done."""
    named = {test for test in tests if test.startswith("test_")}
    assert tests
    assert named <= DEFINED, f"{row}: {', '.join(sorted(named - DEFINED))}"
    assert named or all(test.startswith("the ") for test in tests)


def test_all_rows_are_here() -> None:
    """The two tables have 40 and 21 rows, counted by hand."""
    assert list(PAINS) == list(range(1, 31))
    assert (len(LABELME), len(VOC)) == (40, 21)


def test_every_test_of_the_comparison_is_named_here() -> None:
    tree = ast.parse((REPO / "tests" / "test_peers.py").read_text("utf-8"))
    written = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    named = {test for _, tests in ROWS for test in tests}
    assert {name for name in written if name.startswith("test_")} <= named
