"""The attacks as somebody who plays the relay looks for them: by what is done. Every one is in one group."""

from . import bodies, cost, identity, lists, logs, order, pairs

GROUPS = [
    ("Replay", [order.ReplayAtOnce, order.ReplayLater, order.ReplayAfterReload, order.Duplicate]),
    ("Reorder", [order.ReorderWithin, order.ReorderBetween]),
    ("Drop", [order.DropOne, order.DropOneOfTheLog, order.DropTail, logs.NeverStored]),
    ("Flip a bit, cut, lengthen", [bodies.BitFlips, bodies.Cut, bodies.Lengthened]),
    ("Splice: move a message", [bodies.OtherRoom, bodies.OtherSession, bodies.OwnSession, logs.OtherBody]),
    ("Fork: two logs", [logs.Fork, logs.ForkByMember]),
    ("Downgrade", [bodies.LowerLevel, bodies.HigherLevel, bodies.Looked]),
    ("Inject", [bodies.Plaintext, logs.UnknownKind, logs.KnownId]),
    (
        "Forge a name",
        [
            identity.RenamedByRelay,
            identity.RenamedInBody,
            identity.RenamedSession,
            identity.Poses,
            identity.PosesWithKey,
            identity.OtherCase,
            identity.OtherAlphabet,
            identity.InvisibleLetter,
            identity.AlikeTag,
        ],
    ),
    ("Flood of salts, odd costs", [cost.Flood, cost.Costs, cost.WeakCost]),
    (
        "Cut the log",
        [
            logs.ShortenedLog,
            logs.ShortenedLogContinued,
            logs.EmptyLog,
            logs.OldAsNew,
            logs.NothingKept,
            logs.FalseLog,
            logs.EarlierLog,
        ],
    ),
    ("Forge a key, of whom", [lists.SwappedKey, lists.SwappedKnownKey, lists.OldBundle]),
    (
        "Forge the list of members",
        [
            lists.ForkedList,
            lists.HiddenRemoval,
            lists.ReplayedEpoch,
            lists.RemovedMember,
            lists.Usurper,
            lists.WrongKey,
        ],
    ),
    (
        "Begin a conversation of two",
        [
            pairs.ReplayedBeginning,
            pairs.ForgedBeginning,
            pairs.ThirdBegins,
            pairs.SwappedPrekeys,
            pairs.SwappedOneTimePrekey,
            pairs.SwappedIdentity,
        ],
    ),
    ("Lie about who and when", [identity.FalseTime, identity.NotThere, identity.WithheldJoin]),
]
