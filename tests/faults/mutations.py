"""Mutations of a file: seeded changes of bytes and of the text of a scene.

The same random state gives the same mutant, so a finding is its number.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from itertools import pairwise
from random import Random
from xml.etree import ElementTree

ODD_NUMBERS = (
    *("0", "-0.0", "1", "-1", "2", "1e308", "-1e308", "1e-308", "1e-9", "nan", "inf", "-inf"),
    *("1e999", "1e6", "1e10", "1e11", "-1e5", "100", "0.5", "3.14159", "2147483648", "-2147483649"),
    *("4294967296", "18446744073709551616", "0x1p1000", "0x10", "1_0", "1,5", "", "x", "true"),
)
ODD_TEXTS = (
    *("", " ", "robot", "goal", "floor", "world", "wall_1", "obstacle_1_movable", "static", "free"),
    *("slide", "box", "mesh", "plane", "sphere", "cylinder", "capsule", "hinge", "ball", "true"),
    *("a" * 5000, "ü\u202e\u0301", "../../etc/passwd", "%s%n%x", "0 0 0 0 0 0 0 0", "1 " * 3000),
)
INSERTED = (
    '<option timestep="{}"/>',
    '<option iterations="{}" ls_iterations="1000" tolerance="0"/>',
    '<option noslip_iterations="{}" ccd_iterations="{}" impratio="{}"/>',
    '<option gravity="0 0 {}" density="{}" viscosity="{}" wind="{} 0 0"/>',
    '<option integrator="{word}" cone="{word}" solver="{word}"/>',
    '<option integrator="Euler"/>',
    '<option integrator="RK4" cone="pyramidal" solver="CG" tolerance="{}"/>',
    '<option solver="PGS" impratio="{}" o_margin="{}"/>',
    '<option><flag contact="disable"/></option>',
    '<option><flag gravity="disable" warmstart="disable" actuation="disable"/></option>',
    '<option><flag sleep="disable" energy="enable" multiccd="enable" override="enable"/></option>',
    '<size memory="{}G"/>',
    '<size memory="{}"/>',
    '<size memory="1K"/>',
    '<size njmax="{}" nconmax="{}" nstack="{}"/>',
    '<size nkey="{}" nuserdata="{}" nuser_body="{}"/>',
    '<compiler angle="radian"/>',
    '<compiler settotalmass="{}"/>',
    '<compiler boundmass="{}" boundinertia="{}" inertiafromgeom="{word}"/>',
    '<compiler eulerseq="{word}" coordinate="global" autolimits="false"/>',
    '<compiler fusestatic="true" alignfree="true" discardvisual="true"/>',
    '<compiler><lengthrange mode="all" timestep="1e-9" inttotal="1e9"/></compiler>',
    '<default><geom size="{} {} {}"/></default>',
    '<default><geom margin="{}" gap="{}" condim="1" solref="{} {}"/></default>',
    '<default><geom solimp="{} {} {}" friction="{} {} {}"/></default>',
    '<default><joint damping="{}" armature="{}" frictionloss="{}"/></default>',
    '<default><motor ctrlrange="-{} {}" gear="{}"/></default>',
    '<default><default class="{word}"><geom type="mesh"/></default></default>',
    '<statistic meansize="{}" extent="{}"/>',
    '<asset><hfield name="h" nrow="{}" ncol="{}" size="1 1 1 1"/></asset>',
    '<asset><mesh name="m" builtin="supersphere" params="{} 1 1"/></asset>',
    '<asset><mesh name="m" vertex="0 0 0 1 0 0 0 1 0 0 0 1 1 0 1 0 1 1"/></asset>',
    '<asset><mesh name="m" vertex="0 0 {} 1 0 {} 0 1 {} 0 0 1 1 0 1 0 1 1"/></asset>',
    '<asset><mesh name="m" file="{sentinel}"/></asset>',
    '<asset><model name="m" file="{sentinel}"/></asset>',
    '<asset><texture name="t" file="{sentinel}"/><material name="t" texture="t"/></asset>',
    '<asset><texture name="t" builtin="checker" width="1000000000" height="1000000000"/></asset>',
    '<asset><texture name="t" builtin="gradient" type="cube" width="{}" height="{}"/></asset>',
    '<custom><numeric name="n" size="{}" data="{}"/><text name="t" data="x"/></custom>',
    '<keyframe><key time="{}" qpos="{}"/></keyframe>',
    '<sensor><clock nsample="{}" interval="{}"/></sensor>',
    '<sensor><contact geom1="robot" num="{}"/></sensor>',
    '<sensor><user dim="{}"/></sensor>',
    '<contact><exclude body1="robot" body2="{word}"/></contact>',
    '<contact><pair geom1="robot" geom2="floor" margin="{}" condim="1"/></contact>',
    '<equality><weld body1="robot" body2="{word}"/></equality>',
    '<tendon><spatial><site site="goal"/><site site="goal"/></spatial></tendon>',
    '<extension><plugin plugin="mujoco.elasticity.cable"/></extension>',
    '<include file="{sentinel}"/>',
    '<deformable><flex name="f" dim="1" body="robot robot" element="0 1"/></deformable>',
    '<worldbody><replicate count="{}" offset="1 0 0"><site/></replicate></worldbody>',
    '<worldbody><replicate count="1000"><replicate count="{}"><geom size="1" contype="0" '
    'conaffinity="0"/></replicate></replicate></worldbody>',
    '<worldbody><replicate count="9" offset="{} {} 0"><geom name="wall_r" type="box" '
    'size=".1 .1 .3" pos="0 0 .3"/></replicate></worldbody>',
    '<worldbody><composite type="grid" count="{} {} {}"/></worldbody>',
    '<worldbody><body><composite type="cable" count="{} 1 1" curve="s" size="1"/></body>'
    "</worldbody>",
    '<worldbody><flexcomp name="f" type="grid" count="{} {} {}"/></worldbody>',
    '<worldbody><body name="b"><freejoint/><geom size="{}"/></body></worldbody>',
    '<worldbody><body name="b_movable" pos="{} {} .3"><freejoint/><geom type="box" '
    'size="{} {} .3"/></body></worldbody>',
    '<worldbody><body mocap="true"><geom size=".1"/></body></worldbody>',
    '<worldbody><frame pos="{} {} {}" euler="{} 0 0"><site name="goal_2"/></frame></worldbody>',
    '<worldbody><geom type="sdf" mesh="m"/></worldbody>',
    '<worldbody><geom name="wall_x" type="box" size="{} {} {}" pos="{} {} .3"/></worldbody>',
    '<worldbody><camera name="c" resolution="{} {}"/></worldbody>',
    '<actuator><general joint="joint_x" dyntype="user" actdim="{}"/></actuator>',
    '<actuator><motor joint="joint_x" delay="{}" nsample="{}"/></actuator>',
    '<visual><quality shadowsize="{}"/><map znear="{}"/></visual>',
)
ENTITIES = (
    '<!DOCTYPE m [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>',
    '<!DOCTYPE m SYSTEM "{sentinel}">',
    '<!DOCTYPE m [<!ENTITY % p SYSTEM "file://{sentinel}"> %p;]>',
    '<?xml version="1.0" encoding="UTF-16"?>',
    '<?xml-stylesheet href="{sentinel}"?>',
    "<![CDATA[",
    "<!--",
)


def numbers(default: int, at_a_time: int) -> list[range]:
    """The numbers of the mutants (NAMO_FUZZ of them), in groups of one size."""
    most = int(os.environ.get("NAMO_FUZZ", default))
    pieces = math.ceil(most / at_a_time)
    bounds = [most * piece // pieces for piece in range(pieces + 1)]
    return [range(*pair) for pair in pairwise(bounds)]


def bent(data: bytes, rng: Random) -> bytes:
    """Bytes with a few of them flipped, removed, duplicated or inserted, or truncated."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        place, span = rng.randrange(len(changed) + 1), rng.randint(1, 9)
        kind = rng.randrange(9)
        if kind < 3 and place < len(changed):
            changed[place] ^= 1 << rng.randrange(8)
        elif kind < 5:
            del changed[place : place + span]
        elif kind < 6:
            changed[place:place] = changed[place : place + span]
        elif kind < 8:
            changed[place:place] = rng.randbytes(span)
        else:
            del changed[place:]
    return bytes(changed)


def filled(template: str, rng: Random, sentinel: str) -> str:
    """A template filled with odd values."""
    while "{}" in template:
        template = template.replace("{}", rng.choice(ODD_NUMBERS), 1)
    return template.replace("{word}", rng.choice(ODD_TEXTS)).replace("{sentinel}", sentinel)


def mutated_scene(text: str, rng: Random, sentinel: str) -> bytes:
    """A scene file with one to three changes.

    Args:
        text: of a scene.
        rng: decides.
        sentinel: a path that inserted elements refer to.
    """
    root = ElementTree.fromstring(text)
    for _ in range(rng.choice((1, 1, 1, 1, 2, 3))):
        rng.choice(_OF_TREES)(root, rng, sentinel)
    mutant = ElementTree.tostring(root, encoding="unicode").encode(errors="replace")
    if rng.random() < 0.05:
        mutant = filled(rng.choice(ENTITIES), rng, sentinel).encode() + mutant
    if rng.random() < 0.08:
        mutant = bent(mutant, rng)
    return mutant


Change = Callable[[ElementTree.Element, Random, str], None]


def _with_attributes(root: ElementTree.Element, rng: Random) -> ElementTree.Element:
    return rng.choice([element for element in root.iter() if element.attrib])


def _parent(root: ElementTree.Element, rng: Random) -> ElementTree.Element:
    return rng.choice([element for element in root.iter() if len(element)] or [root])


def _number(root: ElementTree.Element, rng: Random, sentinel: str) -> None:
    """Replace a number by another."""
    element = _with_attributes(root, rng)
    name = rng.choice(list(element.attrib))
    words = element.attrib[name].split()
    if words:
        words[rng.randrange(len(words))] = rng.choice(ODD_NUMBERS)
    element.set(name, " ".join(words))


def _scaled(root: ElementTree.Element, rng: Random, sentinel: str) -> None:
    """Multiply a number by a power of ten, or change its sign."""
    element = _with_attributes(root, rng)
    name = rng.choice(list(element.attrib))
    words = element.attrib[name].split()
    factor = rng.choice((-1.0, 0.1, 10.0, 1e-3, 1e3, 1e-6, 1e6, 1.5, 0.7, 0.95, 1.05))
    for place, word in enumerate(words):
        try:
            words[place] = str(float(word) * factor)
        except ValueError:
            continue  # a word, not a number
    element.set(name, " ".join(words))


def _jittered(root: ElementTree.Element, rng: Random, sentinel: str) -> None:
    """Scale all numbers of an attribute slightly."""
    element = _with_attributes(root, rng)
    name = rng.choice(list(element.attrib))
    try:
        values = [float(word) * rng.uniform(0.8, 1.2) for word in element.attrib[name].split()]
    except ValueError:
        return  # words, not numbers
    element.set(name, " ".join(map(str, values)))


def _text(root: ElementTree.Element, rng: Random, sentinel: str) -> None:
    element = _with_attributes(root, rng)
    element.set(rng.choice(list(element.attrib)), rng.choice(ODD_TEXTS))


def _no_attribute(root: ElementTree.Element, rng: Random, sentinel: str) -> None:
    element = _with_attributes(root, rng)
    del element.attrib[rng.choice(list(element.attrib))]


def _exchanged_values(root: ElementTree.Element, rng: Random, sentinel: str) -> None:
    """Swap the values of two attributes of any elements."""
    one, other = _with_attributes(root, rng), _with_attributes(root, rng)
    a, b = rng.choice(list(one.attrib)), rng.choice(list(other.attrib))
    one.attrib[a], other.attrib[b] = other.attrib[b], one.attrib[a]


def _renamed_attribute(root: ElementTree.Element, rng: Random, sentinel: str) -> None:
    """Rename an attribute to one that another element has."""
    one, other = _with_attributes(root, rng), _with_attributes(root, rng)
    value = one.attrib.pop(rng.choice(list(one.attrib)))
    one.set(rng.choice(list(other.attrib) or ["x"]), value)


def _renamed_element(root: ElementTree.Element, rng: Random, sentinel: str) -> None:
    elements = list(root.iter())
    rng.choice(elements).tag = rng.choice(elements).tag


def _no_element(root: ElementTree.Element, rng: Random, sentinel: str) -> None:
    parent = _parent(root, rng)
    if len(parent):
        parent.remove(rng.choice(list(parent)))


def _another_element(root: ElementTree.Element, rng: Random, sentinel: str) -> None:
    """Copy an element elsewhere, under another name or the same."""
    copy = ElementTree.fromstring(ElementTree.tostring(rng.choice(list(root.iter()))))
    if "name" in copy.attrib and rng.random() < 0.7:
        copy.set("name", f"{copy.attrib['name']}_{rng.choice(ODD_TEXTS)[:9]}_copy")
    parent = _parent(root, rng)
    parent.insert(rng.randrange(len(parent) + 1), copy)


def _nested(root: ElementTree.Element, rng: Random, sentinel: str) -> None:
    """Nest an element deep inside bodies of its own."""
    parent = _parent(root, rng)
    if not len(parent):
        return
    inner = rng.choice(list(parent))
    parent.remove(inner)
    for _ in range(rng.choice((1, 2, 50, 120))):
        outer = ElementTree.Element(rng.choice(("body", "frame", inner.tag)))
        outer.append(inner)
        inner = outer
    parent.append(inner)


def _inserted(root: ElementTree.Element, rng: Random, sentinel: str) -> None:
    text = filled(rng.choice(INSERTED), rng, sentinel)
    root.insert(rng.randrange(len(root) + 1), ElementTree.fromstring(text))


_OF_TREES: tuple[Change, ...] = (
    *(_number, _number, _number, _scaled, _scaled, _scaled),
    *[_jittered] * 8,  # so that many mutants are simulated
    *(_text, _no_attribute, _exchanged_values, _renamed_attribute, _renamed_element, _no_element),
    *(_another_element, _nested, _inserted, _inserted, _inserted, _inserted),
)
