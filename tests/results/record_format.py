"""The records and summaries of a collection as converters of the previous system read them.

Such a converter knows pickles and scene files, and nothing of this package; neither does this
module. `problems` compares what it would read with what MuJoCo makes of the scene files.
"""

import pickle
from collections import Counter

import mujoco
import numpy as np

POSITION, ROTATION, SIZE = (
    tuple(f"{key}_{axis}" for axis in axes)
    for key, axes in (("pos", "xyz"), ("quat", "wxyz"), ("size", "xyz"))
)


def problems(folder, scenes_from):
    """Return what a converter would stumble over.

    Args:
        folder: of the collection.
        scenes_from: folder that relative paths of scenes start in.
    """
    found, counts = [], Counter()
    for path in sorted(folder.glob("*_env_*_results.pkl")):
        record = pickle.loads(path.read_bytes())
        results = record["episode_results"]
        counts["episodes"] += len(results)
        counts["solved"] += sum(episode["solution_found"] for episode in results)
        counts["before"] += record["episodes_before_filtering"]
        counts["dropped"] += record["episodes_filtered_out"]
        if record["episodes_collected"] != len(results):
            found.append(f"{path.name}: episodes_collected")
        for episode in results:
            found += [f"{episode['episode_id']}: {text}" for text in _identity(record, episode)]
            found += [f"{episode['episode_id']}: {text}" for text in _plan(episode)]
            objects = _objects(scenes_from / episode["xml_file"])
            found += [f"{episode['episode_id']}: {text}" for text in _geometry(episode, objects)]
    (path,) = folder.glob("collection_summary_*.pkl")
    return found + _summary(pickle.loads(path.read_bytes()), counts)


def _identity(record, episode):
    head, _, number = episode["episode_id"].rpartition("_")
    if head != f"{record['env_id']}_episode" or str(int(number)) != number:
        yield "episode_id"
    if record["episodes_filtered_out"] == 0:
        place = [each["episode_id"] for each in record["episode_results"]].index(
            episode["episode_id"]
        )
        if int(number) != place:
            yield f"is at place {place}"
    if episode["error_message"] != "":
        yield "error_message"
    if len(episode["robot_goal"]) != 3:
        yield "robot_goal"


def _plan(episode):
    actions = episode["action_sequence"]
    if (actions is None) is episode["solution_found"]:
        yield "action_sequence"
    before, after = episode["state_observations"], episode["post_action_state_observations"]
    if not len(actions or ()) == len(before) == len(after):
        yield "actions and states differ in number"
    movables = {
        name
        for name, info in episode["static_object_info"].items()
        if "pos_x" not in info and name != "robot"
    }
    for action in actions or ():
        if action["object_id"] not in movables or len(action["target"]) != 3:
            yield f"action {action}"
    for state in (*before, *after):
        poses = {f"{name}_pose" for name in (*movables, "robot")}
        if state.keys() != poses or {len(pose) for pose in state.values()} != {3}:
            yield "state"


def _objects(xml):
    """Return what MuJoCo makes of a scene: names of walls, movables and the robot -> boxes.

    A box is position (3,), rotation (3, 3) and half extents (3,) in metres. That of a body of
    meshes is the bounding box of all their corners in the frame of the body.
    """
    model = mujoco.MjModel.from_xml_path(str(xml))
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    walls, others = {}, {}
    for body in range(model.nbody):
        name, geoms = model.body(body).name, np.flatnonzero(model.geom_bodyid == body)
        kind = walls if "wall" in name or "static" in name else others
        if kind is others and "movable" not in name and name != "robot":
            continue
        meshes = [geom for geom in geoms if model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_MESH]
        if meshes:
            kind[name] = _bounding_box(model, data, body, meshes)
        for geom in set(geoms) - set(meshes):
            kind[model.geom(geom).name] = (
                data.geom_xpos[geom],
                data.geom_xmat[geom].reshape(3, 3),
                model.geom_aabb[geom, 3:],
            )
    return walls, others


def _bounding_box(model, data, body, meshes):
    turn = data.xmat[body].reshape(3, 3)
    corners = []
    for geom in meshes:
        mesh = model.geom_dataid[geom]
        first = model.mesh_vertadr[mesh]
        vertices = model.mesh_vert[first : first + model.mesh_vertnum[mesh]]
        world = vertices @ data.geom_xmat[geom].reshape(3, 3).T + data.geom_xpos[geom]
        corners.append((world - data.xpos[body]) @ turn)
    low, high = np.concatenate(corners).min(axis=0), np.concatenate(corners).max(axis=0)
    return data.xpos[body] + turn @ ((low + high) / 2), turn, (high - low) / 2


def _geometry(episode, objects):
    walls, others = objects
    stored = episode["static_object_info"]
    if stored.keys() != {*walls, *others}:
        yield f"objects {sorted(stored.keys() ^ {*walls, *others})}"
        return
    for name, info in stored.items():
        position, rotation, half = (walls | others)[name]
        if not np.allclose([info[key] for key in SIZE], half, atol=1e-6):
            yield f"sizes of {name}"
        if name in others:
            if info.keys() & {*POSITION, *ROTATION}:
                yield f"{name} looks like a wall"
            continue
        if not np.allclose([info[key] for key in POSITION], position, atol=1e-6):
            yield f"position of {name}"
        turn = np.empty(9)
        mujoco.mju_quat2Mat(turn, np.array([info[key] for key in ROTATION]))
        if not np.allclose(turn.reshape(3, 3), rotation, atol=1e-6):
            yield f"rotation of {name}"


def _summary(summary, counts):
    performance, filtering = summary["performance_stats"], summary["filtering_stats"]
    expected = (
        (performance, "total_episodes", counts["episodes"]),
        (performance, "successful_episodes", counts["solved"]),
        (performance, "success_rate", 100 * counts["solved"] / max(counts["episodes"], 1)),
        (filtering, "episodes_before_filtering", counts["before"]),
        (filtering, "episodes_filtered_out", counts["dropped"]),
        (filtering, "filter_rate", 100 * counts["dropped"] / max(counts["before"], 1)),
    )
    return [
        f"{key}: {where[key]}, not {value}"
        for where, key, value in expected
        if abs(where[key] - value) > 1e-9
    ]
