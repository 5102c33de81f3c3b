"""Train a detector of torchvision's on LabelmeParts. Made by dataforge; yours to edit.

    python train.py
    torchrun --nproc_per_node=2 train.py
    python train.py --test-only --resume labelmeparts_runs/epoch_52.pth

--output-dir gets checkpoints, and log.json: a line of JSON for each iteration and each evaluation,
which `dataforge plot` draws.
"""
import argparse
import contextlib
import io
import json
import math
import os
import os.path as osp
import time

import numpy as np
import torch
import torch.distributed as dist
from pycocotools import mask as mask_utils
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from torch import nn
from torch.utils.data import ConcatDataset, DataLoader, DistributedSampler, RandomSampler
from torchvision.ops import box_convert
from torchvision.transforms import v2

from labelmeparts_dataset.detection import (
    build_detector,
    classifier_body,
    imagenet_weights,
    load_weights,
    read_weights,
    settle,
    share,
)
from labelmeparts_dataset.torchvision import CLASSES, ROOT, LabelmePartsDataset

LEARNING_RATES = {
    # for 8 GPUs x 2 images; it is scaled to the images that a step really takes
    'fasterrcnn_vgg16_fpn': 0.02,
    'maskrcnn_vgg16_fpn': 0.02,
    'retinanet_vgg16_fpn': 0.01,
}


def parse_args(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add('--model', choices=LEARNING_RATES, default='maskrcnn_vgg16_fpn')
    add('--weights-backbone', default='/data/vgg16.pth', metavar='FILE',
        help='weights of the backbone: a file, imagenet (downloaded), or none, '
        'which trains from scratch, with GroupNorm')
    add('--trainable-layers', type=int, choices=range(6), default=2,
        help='layers of the backbone that are trained, counted from its end; all 5 if it '
        'trains from scratch')
    add('--data-path', default=ROOT, help='folder of the data')
    add('--output-dir', default='labelmeparts_runs')
    # The epochs of the reference script do not fit: an epoch has 20 steps; 26 epochs would be 520
    # steps, so there are 52, evaluated and saved every 2.
    add('--epochs', type=int, default=52)
    add('--every', type=int,
        help='epochs between two evaluations and checkpoints; 26 in all unless given')
    add('--val-loss', action=argparse.BooleanOptionalAction, default=False,
        help='compute the losses on the validation set after each epoch')
    add('--repeat', type=int, default=1, help='passes over the training set in an epoch')
    add('--batch-size', type=int, default=2, help='images for each GPU')
    add('--lr', type=float, help='scaled from 8 GPUs x 2 images unless given')
    add('--lr-steps', type=int, nargs='*', default=[32, 44], help='epochs that divide it by ten')
    add('--optimizer', choices=['sgd', 'adamw'], default='sgd')
    add('--size', type=int, nargs=2, default=[800, 1333], metavar=('MIN', 'MAX'),
        help='shorter side that images are scaled to, and the longer one it may lead to')
    add('--amp', action='store_true', help='mixed precision, on a GPU')
    add('--workers', type=int, default=2)
    add('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    add('--seed', type=int, default=0)
    add('--resume', help='checkpoint to go on from, or to test')
    add('--test-only', action='store_true', help='evaluate --resume on the test split')
    args = parser.parse_args(argv)
    args.every = args.every or max(1, args.epochs // 26)
    if args.amp and not args.device.startswith('cuda'):
        parser.error('--amp needs a GPU')
    if args.test_only and not args.resume:
        parser.error('--test-only needs --resume')
    return args


# Model ------------------------------------------------------------------------------------------


def build_model(name, num_classes=len(CLASSES) + 1, weights_backbone='none', size=(800, 1333),
                trainable=2):
    """One of torchvision's detectors on vgg16; `num_classes` counts the background."""
    body = classifier_body('vgg16')
    taken = []
    if weights_backbone != 'none':
        if weights_backbone == 'imagenet':
            weights = imagenet_weights('vgg16')
        else:
            weights = read_weights(weights_backbone)
        taken = load_weights(body, weights)
        show(f'{share(body, taken)} are from {weights_backbone}')
    settle(body, taken, trainable if taken else 5)
    return build_detector(
        name.partition('_')[0],
        body,
        num_classes,
        min_size=size[0],
        max_size=size[1])


# Data -------------------------------------------------------------------------------------------


def build_dataset(split, args):
    """The images of a split as --model wants them; those to train on are flipped now and then."""
    steps = [v2.ClampBoundingBoxes(), v2.ToDtype(torch.float32, scale=True), v2.ToPureTensor()]
    if split == 'train':
        steps.insert(1, v2.RandomHorizontalFlip())
    return LabelmePartsDataset(
        split, v2.Compose(steps), args.data_path, masks=args.model.startswith('mask'))


def build_loader(dataset, args, train):
    """Batches of (images, targets), shared out among the processes."""
    if world_size() > 1:
        sampler = DistributedSampler(dataset, shuffle=train, seed=args.seed)
    else:
        sampler = RandomSampler(dataset) if train else None
    return DataLoader(
        dataset,
        batch_size=args.batch_size if train else 1,
        sampler=sampler,
        num_workers=args.workers,
        collate_fn=collate)


def collate(batch):
    return tuple(zip(*batch))


# Training ---------------------------------------------------------------------------------------


def build_optimizer(model, args):
    parameters = [value for value in model.parameters() if value.requires_grad]
    lr = args.lr or LEARNING_RATES[args.model] * args.batch_size * world_size() / 16
    if args.optimizer == 'adamw':
        return torch.optim.AdamW(parameters, lr=lr, weight_decay=1e-4)
    return torch.optim.SGD(parameters, lr=lr, momentum=0.9, weight_decay=1e-4)


def build_scheduler(optimizer, args, iterations):
    """Linear warm-up over the first epoch, 100 to 1000 iterations; a tenth after each step."""
    warm_up = min(1000, max(100, iterations - 1))

    def factor(iteration):
        passed = sum(iteration >= step * iterations for step in args.lr_steps)
        return min(1, 0.001 + 0.999 * iteration / warm_up) * 0.1**passed

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def build_scaler(args):
    """Keeps small gradients alive in half precision; does nothing without --amp."""
    if hasattr(torch.amp, 'GradScaler'):  # torch 2.3
        return torch.amp.GradScaler('cuda', enabled=args.amp)
    return torch.cuda.amp.GradScaler(enabled=args.amp)


def train_one_epoch(model, optimizer, loader, epoch, scheduler=None, scaler=None, log=None):
    """Train once over the loader; each iteration becomes a line of the file `log`.

    Raises FloatingPointError where the loss is no number any more.
    """
    model.train()
    device = next(model.parameters()).device
    amp = scaler is not None and scaler.is_enabled()
    begin = time.time()
    for iteration, (images, targets) in enumerate(loader, 1):
        with torch.autocast(device.type, enabled=amp):
            losses = model(*to_device(images, targets, device))
        parts = averaged(losses)
        row = dict(mode='train', epoch=epoch, iter=iteration, lr=optimizer.param_groups[0]['lr'])
        row.update(loss=sum(parts.values()), **parts)
        if math.isfinite(row['loss']):
            loss = sum(losses.values())
            optimizer.zero_grad()
            if amp:
                scaler.scale(loss).backward()
                scaler.step(optimizer)
                scaler.update()
            else:
                loss.backward()
                optimizer.step()
            if scheduler is not None:
                scheduler.step()
        row['time'] = time.time() - begin
        begin = time.time()
        write(log, row)
        if not math.isfinite(row['loss']):
            raise FloatingPointError(
                f"epoch {epoch}, iteration {iteration}: the loss is {row['loss']} ({parts}); "
                'a lower --lr may help')
        if iteration % 20 == 1 or iteration == len(loader):
            show(f"epoch {epoch} [{iteration}/{len(loader)}]  loss {row['loss']:.4f}  "
                 f"lr {row['lr']:.2g}  {row['time']:.2f} s")


def validation_losses(model, loader):
    """The mean losses on a dataset: dict(loss, ...).

    torchvision's detectors compute them only in training mode; BatchNorm is left as it is.
    """
    model.train()
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()
    device = next(model.parameters()).device
    sums = {}
    with torch.no_grad():
        for images, targets in loader:
            for name, value in model(*to_device(images, targets, device)).items():
                sums[name] = sums.get(name, 0) + value
    means = averaged({name: value / len(loader) for name, value in sums.items()})
    return dict(loss=sum(means.values()), **means)


def to_device(images, targets, device):
    targets = [
        {key: value.to(device) for key, value in target.items() if torch.is_tensor(value)}
        for target in targets
    ]
    return [image.to(device) for image in images], targets


def averaged(losses):
    """Name -> value of the losses, the mean of all processes."""
    values = torch.stack([value.detach().float() for value in losses.values()])
    if world_size() > 1:
        dist.all_reduce(values)
        values /= world_size()
    return dict(zip(losses, values.tolist()))


# Evaluation -------------------------------------------------------------------------------------


def evaluate(model, loader):
    """COCO's averages: dict(AP, AP50, by_class={class: dict(AP, AP50)}), None without ground truth.

A model with masks adds `masks`, a dict of the same form. The loader's dataset says what is there by
    `ground_truth()`. All processes return the same.
    """
    model.eval()
    device = next(model.parameters()).device
    found = {}
    with torch.no_grad():
        for images, targets in loader:
            outputs = model([image.to(device) for image in images])
            for target, output in zip(targets, outputs):
                found[target['image_id']] = detections(target['image_id'], output)
    if world_size() > 1:
        shares = [None] * world_size()
        dist.all_gather_object(shares, found)
        found = {image_id: rows for share in shares for image_id, rows in share.items()}
    rows = [dict(row, id=i) for i, row in enumerate(sum(found.values(), []), 1)]
    truth = loader.dataset.ground_truth()
    scores = average_precision(truth, rows, 'bbox')
    if hasattr(model, 'roi_heads') and model.roi_heads.has_mask():
        scores['masks'] = average_precision(truth, rows, 'segm')
    return scores


def detections(image_id, output):
    """What a model finds in one image, as COCO entries."""
    boxes = box_convert(output['boxes'], 'xyxy', 'xywh').tolist()
    rows = [
        dict(image_id=image_id, category_id=label, bbox=box, area=box[2] * box[3], score=score,
             iscrowd=0)
        for box, label, score in zip(boxes, output['labels'].tolist(), output['scores'].tolist())
    ]
    for row, mask in zip(rows, output.get('masks', [])):
        row['segmentation'] = mask_utils.encode(
            np.asfortranarray((mask[0] > 0.5).to(torch.uint8).cpu().numpy()))
    return rows


def average_precision(truth, rows, iou_type):
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools tells of every step
        evaluator = COCOeval(as_coco(truth), as_coco(dict(truth, annotations=rows)), iou_type)
        evaluator.evaluate()
        evaluator.accumulate()
    # (IoU 0.5 to 0.95, recall, class) for objects of any size and 100 detections an image
    precision = evaluator.eval['precision'][..., 0, -1]
    scores = dict(AP=mean(precision), AP50=mean(precision[0]))
    scores['by_class'] = {
        name: dict(AP=mean(precision[..., i]), AP50=mean(precision[0, :, i]))
        for i, name in enumerate(CLASSES)
    }
    return scores


def as_coco(dataset):
    coco = COCO()
    coco.dataset = dataset
    coco.createIndex()
    return coco


def mean(precision):
    """The mean of what there is ground truth for."""
    there = precision[precision > -1]
    return float(there.mean()) if there.size else None


def report(scores, what='boxes'):
    for name, values in {what: scores, **scores['by_class']}.items():
        ap, ap50 = ('-' if values[key] is None else f'{values[key]:.3f}' for key in ('AP', 'AP50'))
        show(f'{name}: AP {ap}, AP50 {ap50}')
    if 'masks' in scores:
        report(scores['masks'], 'masks')


# Files and processes ----------------------------------------------------------------------------


def save(path, model, optimizer, scheduler, scaler, epoch, args):
    content = dict(
        model=model.state_dict(),
        optimizer=optimizer.state_dict(),
        scheduler=scheduler.state_dict(),
        scaler=scaler.state_dict(),
        epoch=epoch,
        base=args.model,
        classes=list(CLASSES))
    torch.save(content, path + '.part')
    os.replace(path + '.part', path)


def load(path, args):
    content = torch.load(path, map_location='cpu', weights_only=True)
    for what, here in (('base', args.model), ('classes', list(CLASSES))):
        if content[what] != here:
            raise SystemExit(f'{path} is of the {what} {content[what]}, and this is {here}')
    return content


def write(path, row):
    if path is not None and rank() == 0:
        with open(path, 'a', encoding='utf-8') as file:
            file.write(json.dumps(row, ensure_ascii=False) + '\n')


def show(text):
    if rank() == 0:
        print(text, flush=True)


def rank():
    return dist.get_rank() if dist.is_initialized() else 0


def world_size():
    return dist.get_world_size() if dist.is_initialized() else 1


def find_device(args):
    """The device of this process, which joins the others if torchrun has started it."""
    device = torch.device(args.device)
    if int(os.environ.get('WORLD_SIZE', 1)) > 1:
        if device.type == 'cuda':
            device = torch.device('cuda', int(os.environ['LOCAL_RANK']))
            torch.cuda.set_device(device)
        dist.init_process_group('nccl' if device.type == 'cuda' else 'gloo')
    return device


def run(args, train_set, val_set, device):
    """Train --epochs on one dataset and evaluate on the other; return the last scores."""
    torch.manual_seed(args.seed)
    model = build_model(
        args.model, weights_backbone=args.weights_backbone, size=args.size,
        trainable=args.trainable_layers)
    model.to(device)
    train_loader = build_loader(ConcatDataset([train_set] * args.repeat), args, train=True)
    val_loader = build_loader(val_set, args, train=False)
    optimizer = build_optimizer(model, args)
    scheduler = build_scheduler(optimizer, args, len(train_loader))
    scaler = build_scaler(args)
    log = osp.join(args.output_dir, 'log.json')
    os.makedirs(args.output_dir, exist_ok=True)
    done, scores = 0, None
    if args.resume:
        content = load(args.resume, args)
        model.load_state_dict(content['model'])
        optimizer.load_state_dict(content['optimizer'])
        scheduler.load_state_dict(content['scheduler'])
        scaler.load_state_dict(content['scaler'])
        done = content['epoch']
    elif rank() == 0 and osp.exists(log):
        os.remove(log)
    trained = model
    if world_size() > 1:
        trained = nn.parallel.DistributedDataParallel(
            model, device_ids=[device] if device.type == 'cuda' else None)
    for epoch in range(done + 1, args.epochs + 1):
        torch.manual_seed(args.seed + epoch)  # so that a resumed training goes the same way
        if world_size() > 1:
            train_loader.sampler.set_epoch(epoch)
        train_one_epoch(trained, optimizer, train_loader, epoch, scheduler, scaler, log)
        row = dict(mode='val', epoch=epoch)
        if args.val_loss:
            row.update(validation_losses(model, val_loader))
            show(f"epoch {epoch}  validation loss {row['loss']:.4f}")
        if epoch % args.every == 0 or epoch == args.epochs:
            if rank() == 0:
                path = osp.join(args.output_dir, f'epoch_{epoch}.pth')
                save(path, model, optimizer, scheduler, scaler, epoch, args)
            scores = evaluate(model, val_loader)
            row.update(scores)
            report(scores)
        if len(row) > 2:
            write(log, row)
    return scores


def test(args, test_set, device):
    """Evaluate --resume; return the scores."""
    model = build_model(
        args.model, weights_backbone=args.weights_backbone, size=args.size,
        trainable=args.trainable_layers)
    model.load_state_dict(load(args.resume, args)['model'])
    scores = evaluate(model.to(device), build_loader(test_set, args, train=False))
    report(scores)
    return scores


def main(argv=None):
    args = parse_args(argv)
    device = find_device(args)
    try:
        if args.test_only:
            return test(args, build_dataset('test', args), device)
        return run(args, build_dataset('train', args), build_dataset('val', args), device)
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()


if __name__ == '__main__':
    main()
