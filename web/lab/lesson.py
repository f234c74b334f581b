"""A first lesson in six steps, as data. Pure. Whatever stands in “ ” is the name of something on the page, or is typed.

A word is explained where it first comes up. The tests play each step with exactly these names.
"""


class Step:
    """question: to guess at. experiment: instructions, in order. places: where they lead to, (part, what of it); "chat"
    is the lab's chat in a window of its own. seen: sentences. test: the one of tests/test_lesson.py that plays it."""

    def __init__(self, title, question, experiment, places, seen, test):
        self.title = title
        self.question = question
        self.experiment = experiment
        self.places = places
        self.seen = seen
        self.test = test


STEPS = [
    Step(
        "What does the relay see?",
        "You write to a friend. Your message goes to a server, the relay, and from there to your friend. What can "
        "the relay read of it?",
        [
            "Open the lab's chat in two windows beside each other, or on two computers.",
            "In the first window, type “Alice” at “Your name”, “kitchen” at “Room” and “copper kettle 47” at "
            "“Passphrase”, and press “Join”. A passphrase is a password that all in the room share.",
            "In the second window do the same, as “Bob”.",
            "As Alice, type “meet at noon” at “Message” and press “Send”.",
            "As Bob, press “Show what the relay sees”.",
        ],
        [("chat", "")],
        [
            "Bob reads: meet at noon.",
            "What the relay has stands beside it: bytes, which are numbers. The words are nowhere in them. A message "
            "that was scrambled like this is encrypted: only who has the key can turn it back. The key is made from "
            "the passphrase, and the relay is never told the passphrase.",
            "The relay still learns something: which room it is, who wrote, when, and about how much.",
        ],
        "test_step_1_the_relay_sees_bytes_and_bob_reads_the_words",
    ),
    Step(
        "Does the length tell?",
        "Somebody asks you a question, and you answer “no” or “yes, with pleasure”. The relay cannot read the "
        "answer. Can it tell which one it was?",
        [
            "Go to the ladder. It shows the same talk at several levels; a level is a way to protect a talk.",
            "At “Alice types”, put “no” and press “Say it”. At each level, read “What the relay learns of the length”.",
            "Do the same with “yes, with pleasure”.",
            "Back in the chat, as Alice, send “yes, with pleasure”. As Bob, press “Show what the relay sees” if it "
            "is not yet on, and look at the size of ct, which is the encrypted text. Press “As if without padding”, "
            "and look again.",
        ],
        [("ladder", ""), ("chat", "")],
        [
            "At Lab: Classic the relay learns the exact length: 2 bytes, then 18. Who can guess what the two answers "
            "are now knows which one it was.",
            "At Lab: Passphrase both look the same: between 1 and 255 bytes. The page fills up short messages before "
            "it encrypts them. This is called padding. In the chat, ct is 272 bytes with it, and without it 34.",
        ],
        "test_step_2_without_padding_the_length_tells",
    ),
    Step(
        "Flip a bit",
        "The relay cannot read a message. Can it change one? It would be enough to flip one bit, the smallest part "
        "of any data: a 0 becomes a 1, or a 1 becomes a 0.",
        [
            "Go to the ladder. It has the message that Alice sends, taken apart into its fields.",
            "Under Lab: Classic, at “Flip one bit of”, choose “ciphertext”, which is the encrypted text. Read what "
            "Bob reads.",
            "Under Lab: Passphrase choose “ct”, which is the same there. Then choose “name”.",
            "Now be the relay yourself. Go to the console, choose “Lab: Passphrase” and press “Begin”. Choose “a bit "
            "flipped in every field”, press “Attack” and then “Do all”. Read “What came of it”.",
        ],
        [("ladder", ""), ("console", "a bit flipped in every field")],
        [
            "Bob never reads a changed text: his page refuses the message and says why.",
            "At Lab: Classic the code is cannot-open. The encryption has a check in it that comes out wrong if one "
            "bit is another. But this page cannot tell a changed message from a wrong passphrase.",
            "At Lab: Passphrase it is bad-signature. Alice's page signs each message with a key that only it has, "
            "and Bob's page checks the signature. Her name is signed too.",
        ],
        "test_step_3_a_flipped_bit_is_refused_at_every_level",
    ),
    Step(
        "Say it again",
        "The relay can neither read nor change a message. But it still has it. Can it send it twice? Or leave one out?",
        [
            "Go to the console. Choose the level “Lab: Classic” and begin a room.",
            "Choose “replay at once”, press “Attack” and then “Do all”: the relay sends a message of Alice a second "
            "time. Read “What came of it”.",
            "Press “New room” and do the same with “drop one”: the relay does not show Bob one of Alice's messages.",
            "Choose the level “Lab: Passphrase”, press “New room”, and try “drop one” again.",
        ],
        [("console", "replay at once"), ("console", "drop one")],
        [
            "The message that comes twice is refused, with the code replayed: pages remember what they have opened. "
            "The table below the ladder says the same of the level passphrase.",
            "At Lab: Classic nobody notices the message that is left out: the attack succeeds.",
            "At Lab: Passphrase each message has a number that is signed. So Bob's page sees that one is missing, "
            "and says so. The code is gap.",
        ],
        "test_step_4_a_repeated_message_is_refused_and_a_missing_one_is_seen_at_passphrase_only",
    ),
    Step(
        "Who are you?",
        "Everyone who knows the passphrase can come in, under any name. How does Alice know that it is Bob who writes?",
        [
            "In the chat, as Bob, send “hello, this is Bob”. If you have closed the windows, join again as in step 1.",
            "Open the lab's chat in a third window. Join as “Bob” too, with the same room and the same passphrase, "
            "and send “no lesson tomorrow”.",
            "As Alice, look at both messages of Bob, and press the tag of each: the four letters or digits beside "
            "the name.",
            "As the real Bob, press the tag beside your own name in the list of members. Read the 60 digits to "
            "Alice, in the classroom and not in the chat.",
        ],
        [("chat", "")],
        [
            "Alice's page says that two keys write under the name Bob at the same time. It cannot know who is who.",
            "The tags differ, and so do the digits: each window has made a key of its own when it joined. The "
            "message whose digits are the ones that Bob reads out is his.",
            "Only people who know Bob's voice or face can find out. No program can do that for them.",
        ],
        "test_step_5_who_poses_as_bob_has_other_digits",
    ),
    Step(
        "Take it home",
        "The relay has stored all that it carried. Suppose that somebody copies it. What can they do with it at home?",
        [
            "In the chat, as Alice, press “Take home”. Save both files: “kitchen.capture.json” is what the relay has "
            "stored, and “open_capture.py” a program that opens it.",
            "On a computer with Python, type the two lines that stand below, in the folder of the files. Give the "
            "passphrase “copper kettle 47”.",
            "Type the second line again, and give “copper kettle 48”.",
            "Guess: how long does a computer take to find a passphrase of four digits by trying all of them? And one "
            "of six words that were drawn by dice?",
        ],
        [("chat", "")],
        [
            "With the passphrase the script shows every message. With another one it shows none.",
            "Nobody has to ask the relay to try one passphrase after the other. That is why each try is made slow: "
            "the key is derived from the passphrase by much work.",
            "Four digits, at the level Passphrase: one core of a computer needs 2.3 min on average, one graphics "
            "card 0.59 s.",
            "Six random words: one core needs 1 x 10^14 years, one graphics card 4 x 10^11 years. Slow keys help, "
            "and the length of the passphrase decides.",
        ],
        "test_step_6_what_is_taken_home_opens_with_the_passphrase_only",
    ),
]
