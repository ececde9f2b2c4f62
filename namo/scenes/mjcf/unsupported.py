"""Refuse what moves, collides or acts in a scene but is not part of the convention."""

from __future__ import annotations

from namo.scenes.mjcf.convention import MOVABLE_MARK, MOVABLE_RULE, ROBOT_RULE, WALL_RULE
from namo.scenes.mjcf.decorations import refuse_false_walls
from namo.scenes.mjcf.limits import MAX_SOLID_VERTICES, TIMESTEP_S
from namo.scenes.mjcf.scene_model import BOX, MESH, PLANE, SceneModel, type_name


def refuse_unsupported(scene: SceneModel) -> None:
    """Make sure that everything that moves, collides or acts is part of the convention.

    Raises:
        SceneError: names the element that is not, and the rule for such elements.
    """
    model = scene.model
    for joint in range(model.njnt):
        body = int(model.jnt_bodyid[joint])
        name = scene.body_name(body)
        if body in scene.movable_bodies and MOVABLE_MARK not in name:
            raise scene.error(f"body '{name}' has a free joint; {MOVABLE_RULE}, and {ROBOT_RULE}")
        if body not in scene.movable_bodies and name != "robot":
            raise scene.error(f"body '{name}' has a joint; {ROBOT_RULE}, and {MOVABLE_RULE}")
    for body in range(1, model.nbody):
        if MOVABLE_MARK in scene.body_name(body) and model.body_weldid[body] == 0:
            raise scene.error(f"body '{scene.body_name(body)}' has no joint; {MOVABLE_RULE}")
    for count, what in (
        (model.nmocap, "mocap bodies"),
        (model.neq, "equality constraints"),
        (model.ntendon, "tendons"),
        (model.npair, "contact pairs"),
        (model.nexclude, "contact exclusions"),
    ):
        if count:
            raise scene.error(f"has {what} ({count}); a scene has none")
    shortest, longest = TIMESTEP_S
    if not shortest <= model.opt.timestep <= longest:
        raise scene.error(
            f"option timestep is {model.opt.timestep:g} s; allowed are {shortest:g} to "
            f"{longest:g} s"
        )
    _refuse_many_vertices(scene)
    for geom in range(model.ngeom):
        _refuse_unsupported_geom(scene, geom)
    refuse_false_walls(scene)
    _refuse_disabled_collisions(scene)


def _refuse_many_vertices(scene: SceneModel) -> None:
    model = scene.model
    total = sum(
        int(model.mesh_vertnum[model.geom_dataid[geom]])
        for geom in range(model.ngeom)
        if model.geom_type[geom] == MESH and scene.collides(geom)
    )
    if total > MAX_SOLID_VERTICES:
        raise scene.error(
            f"its walls and movables have {total} vertices; at most {MAX_SOLID_VERTICES} are "
            "allowed together"
        )


def _refuse_unsupported_geom(scene: SceneModel, geom: int) -> None:
    if scene.carrier(geom) != 0:
        return  # on a movable or the robot, whose geoms are checked on extraction
    kind = scene.model.geom_type[geom]
    label = scene.geom_label(geom)
    if not scene.collides(geom):
        return  # a decoration
    if scene.wall_name(geom):
        if kind not in (BOX, MESH):
            raise scene.error(f"{label} is a {type_name(kind)}; {WALL_RULE}")
    elif kind != PLANE:
        raise scene.error(f"{label} is neither wall, movable, robot nor floor; {WALL_RULE}")


def _refuse_disabled_collisions(scene: SceneModel) -> None:
    """Raise if two geoms of which at least one can move are filtered from colliding."""
    model = scene.model
    kinds: dict[tuple[int, int, bool], list[int]] = {}
    for geom in filter(scene.collides, range(model.ngeom)):
        masks = int(model.geom_contype[geom]), int(model.geom_conaffinity[geom])
        kinds.setdefault((*masks, scene.carrier(geom) == 0), []).append(geom)
    for (contype_a, affinity_a, fixed_a), geoms_a in kinds.items():
        for (contype_b, affinity_b, fixed_b), geoms_b in kinds.items():
            meet = contype_a & affinity_b or contype_b & affinity_a
            if not meet and not (fixed_a and fixed_b) and geoms_a[0] != geoms_b[-1]:
                raise scene.error(
                    f"{scene.geom_label(geoms_a[0])} and {scene.geom_label(geoms_b[-1])} do not "
                    "collide by their contype and conaffinity; solid geoms must"
                )
