"""The readers behind Rasa's component interface."""

from pathlib import Path

import pytest
import yaml
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.classifier import NgramClassifier
from bot.nlu.components import FactExtractor, LanguageDetector
from bot.settings import ROOT

CONTEXT = ExecutionContext(GraphSchema({}), node_name="classifier")
LINES = {"track_shipment": ["查快递", "查一下快递", "快递到哪了"], "greet": ["你好", "您好", "你好呀"],
         "goodbye": ["再见", "拜拜", "再会"]}


@pytest.fixture
def storage(tmp_path: Path) -> LocalModelStorage:
    return LocalModelStorage(tmp_path)


def read(component_class: type, storage: LocalModelStorage, text: str) -> list[dict]:
    component = component_class.create({}, storage, Resource("reader"), CONTEXT)
    [message] = component.process([Message.build(text)])
    return message.get("entities")


def trained(storage: LocalModelStorage) -> NgramClassifier:
    config = {**NgramClassifier.get_default_config(), "min_df": 1}
    classifier = NgramClassifier.create(config, storage, Resource("classifier"), CONTEXT)
    lines = [Message.build(text, intent) for intent, texts in LINES.items() for text in texts]
    classifier.train(TrainingData(lines))
    return classifier


def intent_and_ranking(classifier: NgramClassifier, text: str) -> tuple[dict, list[dict]]:
    [message] = classifier.process([Message.build(text)])
    return message.get("intent"), message.get("intent_ranking")


def test_config_yml_builds_a_graph_of_these_components() -> None:
    config = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))
    graph = DefaultV1Recipe().graph_config_for_recipe(config, {}).predict_schema
    assert {LanguageDetector, FactExtractor, NgramClassifier} <= {node.uses for node in graph.nodes.values()}


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


def test_the_classifier_ranks_every_intent_and_the_confidences_sum_to_one(storage: LocalModelStorage) -> None:
    intent, ranking = intent_and_ranking(trained(storage), "帮我查快递")
    assert intent["name"] == "track_shipment"
    assert {rank["name"] for rank in ranking} == set(LINES)
    assert sum(rank["confidence"] for rank in ranking) == pytest.approx(1)


def test_a_classifier_read_from_disk_answers_as_the_one_that_was_trained(storage: LocalModelStorage) -> None:
    before = trained(storage)
    config = NgramClassifier.get_default_config()
    after = NgramClassifier.load(config, storage, Resource("classifier"), CONTEXT)
    for text in ("帮我查快递", "你好", "", "x"):
        assert intent_and_ranking(after, text) == intent_and_ranking(before, text)


def test_long_numbers_are_alike_to_the_classifier(storage: LocalModelStorage) -> None:
    classifier = trained(storage)
    assert intent_and_ranking(classifier, "查 SF1029384756123") == intent_and_ranking(classifier, "查 13800001234")
