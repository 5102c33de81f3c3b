"""Which layout a folder has: folders of empty XML files and images are enough to tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers import REAL, SAMPLE, write

from dataforge.datasets import find_layout, find_voc_layout, pair_folders
from dataforge.errors import LayoutError, UsageError
from dataforge.io import Root
from dataforge.layouts import listed_ids


def tree(folder: Path, *names: str, **lists: str) -> Root:
    """A folder with empty files, and with the lists that are given by name.

    A double underscore in a list's name stands for a slash, and .txt is added.
    """
    for name in names:
        write(folder / name)
    for name, text in lists.items():
        write(folder / (name.replace("__", "/") + ".txt"), text)
    return Root(folder)


def test_humanparts_is_inferred() -> None:
    found = find_voc_layout(Root(SAMPLE / "humanparts"))
    assert (found.layout.images, found.layout.annotations) == ("Images", "Annotations")
    assert found.layout.splits == {
        "train": "ImageSets/privpersonpart_train.txt",
        "val": "ImageSets/privpersonpart_val.txt",
    }
    # counted in the folder: 22 XML files, 16 lines and 6 lines
    assert "22 of 22 XML files" in found.reasons[0]
    assert "lists 16 ids" in found.reasons[1]
    assert "lists 6 ids" in found.reasons[2]


@pytest.mark.parametrize(
    ("names", "images", "annotations", "splits"),
    [
        (["JPEGImages/a.jpg", "Annotations/a.xml"], "JPEGImages", "Annotations", {}),
        (["images/a.png", "annotations/a.XML"], "images", "annotations", {}),
        (["a.jpg", "a.xml", "b.JPG", "b.xml"], ".", ".", {}),
        (["data/a.jpg", "data/a.xml"], ".", ".", {}),  # nested ids: data/a
        (["d/img/a.jpg", "d/xml/a.xml"], "d/img", "d/xml", {}),
        # Roboflow's export: XML beside the images, a folder for each split
        (
            ["train/a.jpg", "train/a.xml", "valid/b.jpg", "valid/b.xml"],
            "{split}",
            "{split}",
            {"train": "train", "val": "valid"},
        ),
        (
            ["test/images/c.jpg", "test/annotations/c.xml", "train/images/a.jpg",
             "train/annotations/a.xml", "Val/images/b.jpg", "Val/annotations/b.xml"],
            "{split}/images",
            "{split}/annotations",
            {"train": "train", "val": "Val", "test": "test"},
        ),
        (
            ["images/train/a.jpg", "images/val/b.jpg", "labels/train/a.xml", "labels/val/b.xml"],
            "images/{split}",
            "labels/{split}",
            {"train": "train", "val": "val"},
        ),
        # one folder per camera is no split; the ids are nested
        (
            ["images/cam1/a.jpg", "images/cam2/a.jpg", "xml/cam1/a.xml", "xml/cam2/a.xml"],
            "images",
            "xml",
            {},
        ),
        # dotted stems
        (["images/a.b.png", "xml/a.b.xml"], "images", "xml", {}),
        # a pair of folders for each camera, each day
        (
            ["cam1/images/a.jpg", "cam1/xml/a.xml", "cam2/images/a.jpg", "cam2/xml/a.xml",
             "cam2/images/b.jpg"],
            "*/images",
            "*/xml",
            {},
        ),
        (
            ["d/1/2/img/a.jpg", "d/1/2/a.xml", "d/3/img/a.jpg", "d/3/a.xml"],
            "*/img",
            "*",
            {},
        ),
        (["1/a.jpg", "1/xml/a.xml", "2/a.jpg", "2/xml/a.xml"], "*", "*/xml", {}),
        # the same for each split
        (
            ["train/c1/img/a.jpg", "train/c1/xml/a.xml", "train/c2/img/a.jpg", "train/c2/xml/a.xml",
             "val/c1/img/a.jpg", "val/c1/xml/a.xml"],
            "{split}/*/img",
            "{split}/*/xml",
            {"train": "train", "val": "val"},
        ),
        # images by day, XML in one folder; and the other way round
        (["1/a.jpg", "2/b.jpg", "xml/a.xml", "xml/b.xml"], "*", "xml", {}),
        (["img/a.jpg", "img/b.jpg", "1/a.xml", "2/b.xml"], "img", "*", {}),
        # the devkit's masks have the images' names
        (
            ["V/JPEGImages/a.jpg", "V/Seg/a.png", "V/SegmentationClass/a.png",
             "V/SegmentationClass/b.png", "V/Annotations/a.xml", "V/Annotations/b.xml",
             "V/JPEGImages/b.jpg"],
            "V/JPEGImages",
            "V/Annotations",
            {},
        ),
        (["photos/a.jpg", "mask/a.png", "xml/a.xml"], "photos", "xml", {}),
        # a folder with some of the names is not the folder with all
        (
            ["images/a.jpg", "images/b.jpg", "x/a.jpg", "xml/a.xml", "xml/b.xml"],
            "images",
            "xml",
            {},
        ),
        # IMG_1.JPG with img_1.xml
        (["p/IMG_1.JPG", "x/img_1.xml"], "p", "x", {}),
        (["p/IMG_1.JPG", "p/img_1.xml"], ".", ".", {}),
        # a folder with no split's name beside two that have one
        (
            ["train/a.jpg", "train/a.xml", "train/b.jpg", "train/b.xml", "val/c.jpg", "val/c.xml",
             "old/img/d.jpg", "old/xml/d.xml"],
            "{split}",
            "{split}",
            {"train": "train", "val": "val"},
        ),
        # one stray pair does not decide
        (
            ["images/a.jpg", "images/b.jpg", "xml/a.xml", "xml/b.xml", "bin/c.jpg", "bin/c.xml"],
            "images",
            "xml",
            {},
        ),
    ],
)  # fmt: skip
def test_folders(
    tmp_path: Path, names: list[str], images: str, annotations: str, splits: dict[str, str]
) -> None:
    found = find_voc_layout(tree(tmp_path, *names)).layout
    assert (found.images, found.annotations) == (images, annotations)
    assert found.splits == splits


def test_thumbnails_do_not_mislead(tmp_path: Path) -> None:
    root = tree(tmp_path, "Images/a.jpg", "Images/thumbs/a.jpg", "Annotations/a.xml")
    assert find_voc_layout(root).layout.images == "Images"


FOUR = [f"{folder}/{id_}.{end}" for id_ in "abcd" for folder, end in (("I", "jpg"), ("A", "xml"))]


@pytest.mark.parametrize(
    ("lists", "splits"),
    [
        ({"train": "a\nb\n", "val": "c\n"}, {"train": "train.txt", "val": "val.txt"}),
        ({"my_train_list": "a.jpg\r\nb.jpg\r\n"}, {"train": "my_train_list.txt"}),
        ({"sets__validation": "I/a.jpg\n./I/b.jpg\n"}, {"val": "sets/validation.txt"}),
        ({"train": "a 1\nb -1\n"}, {"train": "train.txt"}),
        ({"train": "a,1\nb,0\n"}, {"train": "train.txt"}),
        # paths, other case, two columns of files, commas, PowerShell's UTF-16 is below
        ({"train": "/home/me/I/A.JPG\n/home/me/I/b.jpg\n"}, {"train": "train.txt"}),
        ({"train": "I/a.jpg A/a.xml\nI/b.jpg A/b.xml\n"}, {"train": "train.txt"}),
        ({"train": "I\\a.jpg,A\\a.xml\r\nI\\b.jpg,A\\b.xml\r\n"}, {"train": "train.txt"}),
        # the general list, not one class's
        (
            {"Main__cat_train": "a 1\nb 1\nc 1\n", "Main__train": "a\nb\n"},
            {"train": "Main/train.txt"},
        ),
        # the longer of two
        ({"x_train": "a\n", "y_train": "a\nb\n"}, {"train": "y_train.txt"}),
        # trainval repeats train and val, but may be alone
        (
            {"train": "a\n", "val": "b\n", "trainval": "a\nb\n", "test": "c\n"},
            {"train": "train.txt", "val": "val.txt", "test": "test.txt"},
        ),
        ({"trainval": "a\nb\n", "test": "c\n"}, {"test": "test.txt", "trainval": "trainval.txt"}),
        # lists of something else: text, other ids, nothing
        ({"train": "how to train\nsee below\n"}, {}),
        ({"train": "x\ny\na\n"}, {}),
        ({"train": "\n"}, {}),
        ({"README": "a\nb\n"}, {}),
    ],
)
def test_split_files(tmp_path: Path, lists: dict[str, str], splits: dict[str, str]) -> None:
    found = find_voc_layout(tree(tmp_path, *FOUR, **lists))
    assert found.layout.splits == splits
    if not splits:
        assert found.reasons[-1] == "no split files found: everything is one split"


def test_split_files_name_nested_ids(tmp_path: Path) -> None:
    names = [
        f"{folder}/cam{n}/a.{end}" for n in (1, 2) for folder, end in (("I", "jpg"), ("A", "xml"))
    ]
    root = tree(tmp_path, *names, train="cam1/a\n", val="I/cam2/a.jpg\n")
    assert find_voc_layout(root).layout.splits == {"train": "train.txt", "val": "val.txt"}


def test_id_ending_in_a_number_is_not_truncated(tmp_path: Path) -> None:
    names = [
        f"{folder}/shot {n}.{end}" for n in "01" for folder, end in (("I", "jpg"), ("A", "xml"))
    ]
    root = tree(tmp_path, *names, train="shot 1\n", val="shot 0\n")
    layout = find_voc_layout(root).layout
    assert layout.splits == {"train": "train.txt", "val": "val.txt"}
    assert listed_ids(root, layout, "train") == ["shot 1"]
    assert listed_ids(root, layout, "val") == ["shot 0"]


def test_a_list_that_powershell_wrote(tmp_path: Path) -> None:
    write(tmp_path / "train.txt", "a\r\nb\r\n".encode("utf-16"))
    layout = find_voc_layout(tree(tmp_path, *FOUR)).layout
    assert listed_ids(Root(tmp_path), layout, "train") == ["a", "b"]


@pytest.mark.parametrize(
    "encoding", ["gbk", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"]
)
def test_lists_in_the_encodings_of_windows(tmp_path: Path, encoding: str) -> None:
    names = ["I/一号.jpg", "A/一号.xml", "I/b.jpg", "A/b.xml"]
    write(tmp_path / "train.txt", "一号\r\n".encode(encoding))
    write(tmp_path / "val.txt", "b\r\n".encode(encoding))
    root = tree(tmp_path, *names)
    layout = find_voc_layout(root).layout
    assert layout.splits == {"train": "train.txt", "val": "val.txt"}
    assert listed_ids(root, layout, "train") == ["一号"]
    assert listed_ids(root, layout, "val") == ["b"]


@pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
def test_bytes_that_are_gbk_and_utf_8_alike(tmp_path: Path, encoding: str) -> None:
    """As UTF-8, GBK's bytes of the two letters, CD BC C6 AC, are two other letters."""
    name = "图片_1" if encoding == "gbk" else b"\xcd\xbc\xc6\xac_1".decode()
    write(tmp_path / "train.txt", f"{name}\r\n".encode(encoding))
    root = tree(tmp_path, f"I/{name}.jpg", f"A/{name}.xml", "I/b.jpg", "A/b.xml")
    layout = find_voc_layout(root).layout
    assert layout.splits == {"train": "train.txt"}
    assert listed_ids(root, layout, "train") == [name]


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("image,label\na,cat\nb,dog\n", "image,label"),
        ("Image ID;Width\r\na.jpg;64\r\nb.jpg;64\r\n", "Image ID;Width"),
        ("filename\na\nb\n", "filename"),
        (",split,file_name\n0,train,I/a.jpg\n1,train,I/b.jpg\n", ",split,file_name"),
        ('"path"\t"n"\n"/data/I/a.jpg"\t"c"\n/data/I/b.jpg\td\n', '"path"\t"n"'),
        ("文件名,类别\na.jpg,猫\nb.jpg,狗\n", "文件名,类别"),
        ("a,64,48,cat\nb,64,48,dog\n", ""),  # the first column
    ],
)
def test_tables(tmp_path: Path, text: str, header: str) -> None:
    write(tmp_path / "train.csv", text.encode("gbk"))
    root = tree(tmp_path, *FOUR)
    found = find_voc_layout(root)
    assert found.layout.splits == {"train": "train.csv"}
    assert listed_ids(root, found.layout, "train") == ["a", "b"]
    below = f" below its header row ({header})" if header else ""
    assert found.reasons[-1] == f"split train: train.csv lists 2 ids{below}"


def test_image_named_like_a_column_header(tmp_path: Path) -> None:
    root = tree(tmp_path, "I/image.jpg", "A/image.xml", *FOUR, train="image\na\n", val="gone\nb\n")
    layout = find_voc_layout(root).layout
    assert listed_ids(root, layout, "train") == ["image", "a"]
    assert listed_ids(root, layout, "val") == ["gone", "b"]  # an id that is not there, no header


@pytest.mark.parametrize(
    ("lists", "reasons"),
    [
        (
            {"train.txt": b"caf\x81\na\n"},
            ["split train: ignored split file train.txt: is neither UTF-8 nor GB18030 text; "
             "save it as UTF-8", "no split files found: everything is one split"],
        ),
        (
            {"train.txt": b"x\na\ny\n", "old/train.txt": b"", "val.txt": b"a"},
            ["split train: ignored old/train.txt: empty; and 1 more",
             "split val: val.txt lists 1 id"],
        ),
        (
            {"val.csv": b"1;2\n3;4\n"},
            ["split val: ignored val.csv: 0 of 2 lines name an existing XML file",
             "no split files found: everything is one split"],
        ),
        # what another file tells, and YOLO's labels, need not be told
        ({"val.txt": b"a", "notes_val.txt": b"x"}, ["split val: val.txt lists 1 id"]),
        (
            {"val.txt": b"a", "notes_val.txt": b"\xff\xfe\x00"},
            ["split val: ignored split file notes_val.txt: is neither UTF-8 nor GB18030 text; "
             "save it as UTF-8", "split val: val.txt lists 1 id"],
        ),
        (
            {"val_1.txt": b"0 .5 .5 .1 .1", "val_1.png": b""},
            ["no split files found: everything is one split"],
        ),
    ],
)  # fmt: skip
def test_skipped_lists_are_named(
    tmp_path: Path, lists: dict[str, bytes], reasons: list[str]
) -> None:
    for name, content in lists.items():
        write(tmp_path / name, content)
    assert list(find_voc_layout(tree(tmp_path, *FOUR)).reasons[1:]) == reasons


CAMERAS = [
    f"cam{n}/{folder}/{id_}.{end}"
    for n in (1, 2)
    for id_ in "ab"
    for folder, end in (("images", "png"), ("xml", "xml"))
]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("cam1/a\ncam2/b\n", ["cam1/xml/a", "cam2/xml/b"]),
        ("cam1/images/a.png\n", ["cam1/xml/a"]),
        ("./cam2/xml/a.xml\n", ["cam2/xml/a"]),
        ("/data/cam2/images/b.png 1\n", ["cam2/xml/b"]),
        ("cam1/a\ncam2/a\nb\n", ["cam1/xml/a", "cam2/xml/a", "b"]),  # which b, nobody knows
    ],
)
def test_one_list_for_several_cameras(tmp_path: Path, text: str, ids: list[str]) -> None:
    root = tree(tmp_path, *CAMERAS, train=text)
    layout = find_voc_layout(root).layout
    assert (layout.images, layout.annotations) == ("*/images", "*/xml")
    assert listed_ids(root, layout, "train") == ids


def test_a_list_in_each_camera(tmp_path: Path) -> None:
    root = tree(tmp_path, *CAMERAS, cam1__train="a\n", cam2__train="b\n", cam1__val="b\n")
    found = find_voc_layout(root)
    assert found.layout.splits == {"train": "*/train.txt", "val": "*/val.txt"}
    assert listed_ids(root, found.layout, "train") == ["cam1/xml/a", "cam2/xml/b"]
    assert listed_ids(root, found.layout, "val") == ["cam1/xml/b"]
    assert "split train: */train.txt lists 2 ids" in found.reasons


def test_frames_of_the_same_number_are_not_all_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = [f"video{v}/{{}}/{f:04d}" for v in range(20) for f in range(5)]
    names = [way.format("images") + ".jpg" for way in frames]
    root = tree(tmp_path, *names, *(way.format("xml") + ".xml" for way in frames))
    compared: list[tuple[str, str]] = []
    apart = pair_folders._apart
    monkeypatch.setattr(pair_folders, "_apart", lambda *of: compared.append(of) or apart(*of))
    found = find_voc_layout(root).layout
    assert (found.images, found.annotations) == ("*/images", "*/xml")
    assert len(compared) == 20  # those of each video, once, and not those of any two


def test_the_devkit_from_above(tmp_path: Path) -> None:
    """One year, then two, with the lists of single classes beside the general one."""
    files = []
    for year, id_ in (("VOC2007", "000005"), ("VOC2012", "2008_000002")):
        front = f"VOCdevkit/{year}"
        files += [f"{front}/JPEGImages/{id_}.jpg", f"{front}/Annotations/{id_}.xml"]
        write(tmp_path / front / "ImageSets" / "Main" / "train.txt", f"{id_}\n")
        write(tmp_path / front / "ImageSets" / "Main" / "dog_train.txt", f"{id_}  1\n")
        root = tree(tmp_path, *files)
        found = find_voc_layout(root).layout
        one = year == "VOC2007"
        place = front if one else "*"
        assert (found.images, found.annotations) == (f"{place}/JPEGImages", f"{place}/Annotations")
        assert found.splits == {"train": f"{place}/ImageSets/Main/train.txt"}
        assert found.coords_default == "voc"
    assert listed_ids(root, found, "train") == [
        "VOCdevkit/VOC2007/Annotations/000005",
        "VOCdevkit/VOC2012/Annotations/2008_000002",
    ]


def test_ambiguous_name_in_two_folders_explains_what_is_needed(tmp_path: Path) -> None:
    root = tree(tmp_path, "1/a.jpg", "2/a.jpg", "2/b.jpg", "1/c.jpg", "xml/a.xml", "xml/b.xml",
                "xml/c.xml")  # fmt: skip
    with pytest.raises(LayoutError, match=r"an image for a\.xml \(1/a\.jpg, 2/a\.jpg\): put"):
        find_voc_layout(root)


def test_different_case_is_reported(tmp_path: Path) -> None:
    reasons = find_voc_layout(
        tree(tmp_path, "p/IMG_1.JPG", "x/img_1.xml", "p/b.jpg", "x/b.xml")
    ).reasons
    assert "1 of them is named in different case than their image" in reasons


def test_declared_layout_is_kept_and_differences_are_reported(tmp_path: Path) -> None:
    root = tree(tmp_path, *FOUR, "B/a.jpg", train="a\n")
    found = find_voc_layout(root, {"images": "B", "classes": ["cat"], "splits": {}})
    assert (found.layout.images, found.layout.annotations) == ("B", "A")
    assert found.layout.classes == ("cat",)
    assert found.layout.splits == {}
    assert "images: B as declared, not I as found" in found.reasons


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "no .xml file"),
        (["a.jpg"], "no .xml file"),
        (["a.xml", "b.jpg"], "1 XML file and 1 image, but none with the same name"),
    ],
)
def test_ambiguous_folder_is_an_error(tmp_path: Path, names: list[str], said: str) -> None:
    with pytest.raises(LayoutError, match=said):
        find_voc_layout(tree(tmp_path, *names))


# Choosing --------------------------------------------------------------------------------------


def test_well_known_name_provides_its_classes() -> None:
    found = find_layout("custom-voc", "HumanParts", Root(SAMPLE / "humanparts")).layout
    assert found.classes == ("face", "person", "hand")
    assert found.coords == "zero"
    assert find_layout("humanparts", "mine", Root(SAMPLE / "humanparts")).layout == found


def test_well_known_name_with_other_folders_replaces_only_the_folders(tmp_path: Path) -> None:
    found = find_layout("custom-voc", "HumanParts", tree(tmp_path, *FOUR))
    assert (found.layout.images, found.layout.annotations) == ("I", "A")
    assert found.layout.classes == ("face", "person", "hand")
    assert any("this folder differs" in reason for reason in found.reasons)


def test_devkit_layout_is_compared_with_the_folder(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="no folder Annotations/, no folder JPEGImages/"):
        find_layout("voc", "x", tree(tmp_path, *FOUR))
    root = tree(tmp_path / "v", "JPEGImages/a.jpg", "Annotations/a.xml", ImageSets__Main__val="a\n")
    found = find_layout("voc", "x", root).layout
    assert found.splits == {"val": "ImageSets/Main/val.txt"}
    assert found.coords_default == "voc"


def test_a_layout_file_and_flags(tmp_path: Path) -> None:
    file = write(tmp_path / "mine.toml", "images = 'I'\nannotations = 'A'\ncoords = 'mmdet'\n")
    found = find_layout(str(file), "x", tree(tmp_path / "d", *FOUR), {"coords": "zero"}).layout
    assert (found.images, found.coords) == ("I", "zero")


def test_an_unknown_layout(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--layout nonsense: .* a well-known name \(HumanParts\)"):
        find_layout("nonsense", "x", tree(tmp_path, *FOUR))


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"images": "gone"}, "--image-dir gone: {root} has no such folder, or it is empty"),
        (
            {"images": "../I"},
            "--image-dir ../I is not below {root}; name a --root that contains everything",
        ),
        ({"images": "/I"}, "--image-dir /I is not below {root}; name a --root"),
        ({"images": "I", "annotations": "B"}, "--annotation-dir B: {root} has no such folder"),
        ({"splits": {"val": "v.txt"}}, "--split-files val=v.txt: no such file in {root}"),
        ({"splits": {"val": "../t.txt"}}, "--split-files val=../t.txt is not below {root}"),
    ],
)
@pytest.mark.parametrize("layout", ["custom-voc", "humanparts"])
def test_faulty_flag_is_blamed_instead_of_the_layout(
    tmp_path: Path, flags: dict[str, Any], said: str, layout: str
) -> None:
    tree(tmp_path, "I/x.jpg")
    root = tree(tmp_path / "d", *FOUR, train="a\n")
    with pytest.raises(LayoutError) as caught:
        find_layout(layout, "x", root, flags)
    assert str(caught.value).startswith(said.format(root=tmp_path / "d"))


def test_flags_may_be_absolute_or_have_dots(tmp_path: Path) -> None:
    root = tree(tmp_path, *FOUR, "B/a.jpg", sets__train="a\n")
    flags = {"images": f"{tmp_path}/B/", "annotations": "./A",
             "splits": {"val": f"{tmp_path}/sets/train.txt"}}  # fmt: skip
    found = find_layout("custom-voc", "x", root, flags).layout
    assert (found.images, found.annotations) == ("B", "A")
    assert found.splits == {"val": "sets/train.txt"}
    root = tree(tmp_path / "e", "t/img/a.jpg", "t/xml/a.xml")
    flags = {"images": "{split}/img", "annotations": "{split}/xml", "splits": {"train": "t"}}
    assert find_layout("custom-voc", "x", root, flags).layout.folders("train") == ("t/img", "t/xml")
    with pytest.raises(LayoutError, match="no folder gone/img/"):
        find_layout("custom-voc", "x", root, flags | {"splits": {"train": "gone"}})


@pytest.mark.parametrize(
    "names",
    [
        ["a.xml", "b.jpg"],
        ["1/a.jpg", "1/c.jpg", "2/a.jpg", "2/b.jpg", "xml/a.xml", "xml/b.xml", "xml/c.xml"],
    ],
)
def test_messages_name_options_that_the_command_has(tmp_path: Path, names: list[str]) -> None:
    """register's --image-dir is another thing, and it has no --root."""
    root = tree(tmp_path, *names)
    with pytest.raises(LayoutError, match="--image-dir and --annotation-dir"):
        find_layout("custom-voc", "x", root, {})
    with pytest.raises(LayoutError) as caught:
        find_layout("custom-voc", "x", root)
    assert "--image-dir" not in str(caught.value)
    assert "a layout file (images = 'FOLDER', annotations = 'FOLDER')" in str(caught.value)
    (tmp_path / "empty").mkdir()
    for choice, flags in (("custom-voc", None), ("voc", {}), ("coco", None)):
        with pytest.raises(LayoutError) as caught:
            find_layout(choice, "x", Root(tmp_path / "empty"), flags)
        assert "--root" not in str(caught.value)


def coco(*file_names: str) -> str:
    images = [{"id": n, "file_name": name} for n, name in enumerate(file_names, 1)]
    return json.dumps({"images": images, "annotations": [], "categories": []})


def test_coco_folders_are_found(tmp_path: Path) -> None:
    write(tmp_path / "annotations" / "instances_val2017.json", coco("b.jpg"))
    write(tmp_path / "annotations" / "instances_train2017.json", coco("a.jpg"))
    write(tmp_path / "other.json", "{}")
    root = tree(tmp_path, "train2017/a.jpg", "val2017/b.jpg")
    found = find_layout(None, "x", root).layout
    assert found.format == "coco"
    assert list(found.splits.items()) == [
        ("train", "annotations/instances_train2017.json"),
        ("val", "annotations/instances_val2017.json"),
    ]
    assert found.folders("train")[0] == "train2017"
    assert found.folders("val")[0] == "val2017"


def test_a_coco_file_is_a_split_or_an_error(tmp_path: Path) -> None:
    """One that was passed over would leave its split to be taken from another."""
    write(tmp_path / "val.json", coco("b.jpg"))
    write(tmp_path / "other.json", "[1, 2]")
    write(tmp_path / "train.json", '{"images": [], "categories": [], "annotations": [NaN]}')
    root = tree(tmp_path, "b.jpg")
    found = find_layout("coco", "x", root, {"images": "."}).layout
    assert found.splits == {"train": "train.json", "val": "val.json"}
    write(tmp_path / "train.json", '{"images": [')
    with pytest.raises(LayoutError, match=r"train\.json:1:13: .*--split-files"):
        find_layout("coco", "x", root)
    write(tmp_path / "none.json", '{"images": [], "categories": []}')
    for name, fault in (("other.json", "is not a COCO file"), ("none.json", "lists no images")):
        with pytest.raises(LayoutError, match=rf"{name} {fault}; .*--split-files"):
            find_layout("coco", "x", root, {"splits": {"train": name}})


def test_missing_coco_images(tmp_path: Path) -> None:
    write(tmp_path / "train.json", coco("a.jpg"))
    with pytest.raises(LayoutError, match="none of the images"):
        find_layout("coco", "x", tree(tmp_path, "b.jpg"))


@pytest.mark.skipif(not (REAL / "bccd").is_dir(), reason="the real data are not here")
def test_bccd() -> None:
    found = find_layout("custom-voc", "bccd", Root(REAL / "bccd" / "BCCD")).layout
    assert (found.images, found.annotations) == ("JPEGImages", "Annotations")
    assert found.splits == {
        split: f"ImageSets/Main/{split}.txt" for split in ("train", "val", "test")
    }
