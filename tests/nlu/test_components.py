"""The readers behind Rasa's component interface."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu import featurizers
from bot.nlu.classifier import MixedClassifier, Mixture
from bot.nlu.components import FactExtractor, LanguageDetector, WordListExtractor, longest_words
from bot.nlu.encoder import EncoderError
from bot.nlu.featurizers import NORMAL, NgramFeaturizer, Normaliser, SentenceEncoder
from bot.settings import ROOT, settings
from tests.nlu.test_encoder import Fake

CONTEXT = ExecutionContext(GraphSchema({}), node_name="reader")
LINES = {
    "track_shipment": ["查快递", "查一下快递", "快递到哪了", "快递在哪"],
    "greet": ["你好", "您好", "你好呀", "早上好"],
    "goodbye": ["再见", "拜拜", "再会", "下次见"],
}


@pytest.fixture
def storage(tmp_path: Path) -> LocalModelStorage:
    (tmp_path / "storage").mkdir()
    return LocalModelStorage(tmp_path / "storage")


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Fake:
    """In place of the pretrained one; what it reads is kept under tmp_path."""
    fake = Fake()
    monkeypatch.setattr(featurizers, "present_encoder", lambda: fake)
    monkeypatch.setattr(settings(), "models_dir", tmp_path / "models")
    return fake


def read(component_class: type, storage: LocalModelStorage, text: str) -> list[dict]:
    component = component_class.create({}, storage, Resource("reader"), CONTEXT)
    [message] = component.process([Message.build(text)])
    return message.get("entities")


class Pipeline:
    """The readers of intents in the order of config.yml, trained on LINES and read back from disk."""

    def __init__(self, storage: LocalModelStorage, sure: float = 99.0) -> None:
        self._storage = storage
        lines = [Message.build(text, intent) for intent, texts in LINES.items() for text in texts]
        data = Normaliser.create({}, storage, Resource("normaliser"), CONTEXT).process_training_data(
            TrainingData(lines)
        )
        self.components = [Normaliser({}, storage, Resource("normaliser"))]
        for kind, config in (
            (NgramFeaturizer, {"strength": 20.0, "least_count": 1}),
            (SentenceEncoder, {"sure": sure}),
            (MixedClassifier, {**MixedClassifier.get_default_config(), "least_count": 1, "hidden": 8}),
        ):
            resource = Resource(kind.__name__)
            component = kind.create(config, storage, resource, CONTEXT)
            component.train(data)
            loaded = kind.load(config, storage, resource, CONTEXT)
            if kind is not MixedClassifier:
                data = loaded.process_training_data(data)
            self.components.append(loaded)

    def read(self, text: str) -> Message:
        messages = [Message.build(text)]
        for component in self.components:
            messages = component.process(messages)
        return messages[0]


def test_config_yml_builds_a_graph_of_these_components() -> None:
    config = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))
    graph = DefaultV1Recipe().graph_config_for_recipe(config, {}).predict_schema
    ours = {
        Normaliser, LanguageDetector, FactExtractor, WordListExtractor, NgramFeaturizer, SentenceEncoder,
        MixedClassifier,
    }  # fmt: skip
    assert ours <= {node.uses for node in graph.nodes.values()}


def test_the_language_comes_as_an_entity_over_the_whole_text(storage: LocalModelStorage) -> None:
    [entity] = read(LanguageDetector, storage, "查快递")
    assert (entity["entity"], entity["value"], entity["start"], entity["end"]) == ("language", "zh", 0, 3)


def test_a_text_that_tells_no_language_gives_no_entity(storage: LocalModelStorage) -> None:
    assert read(LanguageDetector, storage, "5821") == []


def test_a_city_entity_carries_its_role(storage: LocalModelStorage) -> None:
    entities = read(FactExtractor, storage, "从上海到北京")
    assert [(entity["value"], entity["role"]) for entity in entities] == [("上海", "from"), ("北京", "to")]


def test_an_extractor_adds_to_what_others_found(storage: LocalModelStorage) -> None:
    message = Message.build("查SF1029384756123")
    for component in (LanguageDetector, FactExtractor):
        component.create({}, storage, Resource("reader"), CONTEXT).process([message])
    assert [entity["entity"] for entity in message.get("entities")] == ["language", "waybill"]


def test_goods_that_training_lines_mark_are_found_in_other_lines(storage: LocalModelStorage) -> None:
    line = Message.build("茶具碎了", "complain_damage")
    line.set("entities", [{"entity": "item", "value": "茶具", "start": 0, "end": 2}])
    extractor = WordListExtractor({"entity": "item"}, storage, Resource("words"))
    extractor.train(TrainingData([line]))
    [message] = WordListExtractor.load({"entity": "item"}, storage, Resource("words"), CONTEXT).process(
        [Message.build("我寄的茶具呢")]
    )
    [entity] = message.get("entities")
    assert (entity["entity"], entity["start"], entity["end"]) == ("item", 3, 5)


def test_of_listed_words_the_longest_is_taken_and_latin_ones_only_whole() -> None:
    assert list(longest_words("a tea set, teapots", {"tea", "tea set"})) == [(2, "tea set")]


def test_the_normaliser_leaves_the_text_as_it_was_written(storage: LocalModelStorage) -> None:
    [message] = Normaliser({}, storage, Resource("normaliser")).process([Message.build("運費幾多")])
    assert (message.get("text"), message.get(NORMAL)) == ("運費幾多", "运费几多")


def test_a_line_gets_its_intent_a_full_ranking_and_confidences_that_sum_to_one(
    storage: LocalModelStorage, encoder: Fake
) -> None:
    message = Pipeline(storage).read("帮我查快递")
    ranking = message.get("intent_ranking")
    assert message.get("intent")["name"] == "track_shipment" and message.get("also") is None
    assert {rank["name"] for rank in ranking} == set(LINES)
    assert sum(rank["confidence"] for rank in ranking) == pytest.approx(1)


def test_a_line_that_ngrams_are_sure_of_is_not_sent_through_the_encoder(
    storage: LocalModelStorage, encoder: Fake
) -> None:
    pipeline = Pipeline(storage, sure=0.1)
    before = len(encoder.seen)
    assert pipeline.read("查快递").get("intent")["name"] == "track_shipment"
    assert len(encoder.seen) == before


def test_a_second_request_joined_to_the_first_is_named_and_fills_its_slot(
    storage: LocalModelStorage, encoder: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.nlu.second.TALK", frozenset())
    message = Pipeline(storage).read("你好 顺便查一下快递")
    assert (message.get("intent")["name"], message.get("also")) == ("greet", "track_shipment")
    assert [entity["value"] for entity in message.get("entities")] == ["track_shipment"]


@pytest.mark.parametrize("text", ["", " ", "?", "👍", "x" * 5000, "／restart"])
def test_any_text_is_read_as_something(storage: LocalModelStorage, encoder: Fake, text: str) -> None:
    assert Pipeline(storage).read(text).get("intent")["name"] in LINES


def test_a_model_trained_with_another_encoder_is_refused(
    storage: LocalModelStorage, encoder: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    SentenceEncoder({}, storage, Resource("encoder")).train(TrainingData([]))
    monkeypatch.setattr(featurizers, "present_encoder", lambda: Fake(1, "another"))
    with pytest.raises(EncoderError, match="train again"):
        SentenceEncoder.load({}, storage, Resource("encoder"), CONTEXT)


def test_the_mixture_believes_the_reader_that_is_right_more() -> None:
    right = np.array([0, 1] * 50)
    good = np.log(np.where(np.eye(2)[right] > 0, 0.8, 0.2))
    noise = np.log(np.random.default_rng(0).dirichlet([1, 1], size=100))
    mixture = Mixture.fit(good, noise, right)
    assert mixture.ngrams > abs(mixture.meaning)
