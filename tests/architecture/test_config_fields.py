"""No field of a config is accepted and then read by nothing."""

import ast
import importlib
import importlib.util
import sys
from collections import Counter
from pathlib import Path

from rastervision.pipeline.config.base import Config
from rastervision.pipeline.registry import registry_

ROOT = Path(__file__).parents[2]

PROBE = ROOT / 'tests/core/test_config_effects.py'

PARTS = {path.name for path in ROOT.glob('rastervision_*') if 'example' not in path.name}
BACKEND = (
    'model', 'solver', 'data', 'log_tensorboard', 'run_tensorboard', 'save_all_checkpoints', 'loggers',
    'image_interval', 'export_onnx',
)  # fmt: skip
COGIFY = ('block_size', 'resample_method', 'compression', 'overviews')
WANDB = ('project', 'entity', 'run_name', 'mode')

# Fields that `tests/core/test_config_effects.py` does not probe, and the test that shows what each changes. A field of
# several configs is listed at the one that defines it.
SHOWN_BY = {
    'ChipOptions': {
        'sampling': 'test_windows_for_chips_follow_the_sampling',
        'nodata_threshold': 'test_chips_without_data_are_dropped',
    },
    'ClassConfig': {
        'names': 'test_only_commands_depend_on_a_field_that_read_it',
        'colors': 'test_colours_become_class_ids',
        'null_class': 'test_a_class_called_null_is_the_null_class',
    },
    'CogifyConfig': {
        'uris': 'test_no_images_are_refused',
        **dict.fromkeys(COGIFY, 'test_each_option_of_the_config_shows_in_the_copies'),
        'bbox': 'test_the_image_is_cut_to_the_pixels_of_the_box',
        'bbox_crs': 'test_the_box_is_in_degrees_unless_said_otherwise_and_the_command_takes_it',
        'zoom': 'test_a_zoom_that_a_wmts_has_not_says_which_there_are',
        'max_tiles': 'test_no_more_tiles_are_fetched_than_allowed',
    },
    'DataConfig': {
        'class_config': 'test_classes_of_021_become_a_class_config',
        'img_channels': 'test_a_channel_that_images_do_not_have_is_refused',
        'img_sz': 'test_scenes_are_learnt_without_chips',
        'train_sz': 'test_train_sz_counts_for_a_plain_uri_and_leaves_other_randomness_alone',
        'train_sz_rel': 'test_a_part_of_the_training_samples_may_be_asked_for',
        'rare_class_ids': 'test_a_class_that_does_not_occur_is_an_error_that_names_it',
        'desired_prob': 'test_all_samples_with_a_rare_class_come_equally_often',
        'num_workers': 'test_there_are_no_more_workers_than_cores',
        'augmentors': 'test_unknown_augmentor_names_the_closest',
        'base_transform': 'test_base_transform_is_for_all_samples_and_aug_transform_for_those_of_training',
        'aug_transform': 'test_base_transform_is_for_all_samples_and_aug_transform_for_those_of_training',
        'plot_options': 'test_errors_of_regression_are_plotted_as_configured',
        'preview_batch_limit': 'test_so_many_batches_are_plotted',
    },
    'DatasetConfig': {
        'class_config': 'test_only_commands_depend_on_a_field_that_read_it',
        'train_scenes': 'test_training_from_scenes_depends_on_them_but_not_on_test_scenes',
        'validation_scenes': 'test_splits_of_predict_share_the_scenes',
        'test_scenes': 'test_scenes_for_test_do_not_concern_training',
        'scene_groups': 'test_default_groups_are_filled_beside_own_ones',
    },
    'ExternalModuleConfig': {
        'uri': 'test_zip_of_a_folder_is_a_place_too',
        'github_repo': 'test_github_without_network_says_what_to_do',
        'name': 'test_a_name_that_leads_out_of_its_folder_is_refused',
        'entrypoint': 'test_unknown_entrypoint_names_the_nearest',
        'entrypoint_args': 'test_object_is_made_and_definition_kept',
        'entrypoint_kwargs': 'test_object_is_made_and_definition_kept',
        'force_reload': 'test_a_folder_that_is_something_else_stays',
    },
    'GeoDataConfig': {
        'scene_dataset': 'test_sampling_by_scene_needs_scenes',
        'sampling': 'test_sampling_by_scene_needs_scenes',
    },
    'GeoJSONStoreConfig': {'qgis_style': 'test_no_style_is_written_unless_asked_for'},
    'ImageDataConfig': {
        'uri': 'test_train_sz_counts_for_a_plain_uri_and_leaves_other_randomness_alone',
        'group_uris': 'test_each_group_gives_its_share',
        'group_train_sz': 'test_each_group_gives_its_share',
        'group_train_sz_rel': 'test_each_group_gives_its_share',
    },
    'LearnerConfig': {
        'model': 'test_lraspp_chooses_its_backbone',
        'solver': 'test_learner_does_not_change_the_config',
        'data': 'test_learner_does_not_change_the_config',
        'eval_train': 'test_training_samples_are_evaluated_if_asked_for',
        'save_model_bundle': 'test_a_trained_model_comes_back_from_its_bundle',
        'log_tensorboard': 'test_tensorboard_server_needs_its_log',
        'run_tensorboard': 'test_tensorboard_server_needs_its_log',
        'output_uri': 'test_output_folder_is_needed_for_training',
        'save_all_checkpoints': 'test_all_checkpoints_are_kept_when_killed',
        'seed': 'test_each_epoch_and_each_seed_has_its_own_samples',
        'export_onnx': 'test_a_model_that_cannot_be_exported_is_bundled_without_onnx',
        'temperature': 'test_the_temperature_undoes_what_logits_were_multiplied_with',
        'loggers': 'test_a_logger_that_fails_is_reported_and_stops_neither_training_nor_the_others',
        'image_interval': 'test_images_are_logged_at_intervals_and_at_the_end',
        'license': 'test_a_card_says_what_was_trained_and_how_well',
        'description': 'test_a_card_says_what_was_trained_and_how_well',
        'no_data': 'test_bundles_that_do_not_say_so_are_given_images_as_they_learned',
    },
    'MLflowLoggerConfig': {
        'tracking_uri': 'test_a_server_that_mlflow_cannot_use_is_named',
        'experiment': 'test_settings_of_loggers_reach_them',
        'run_name': 'test_settings_of_loggers_reach_them',
    },
    'ModelConfig': {
        'backbone': 'test_lraspp_chooses_its_backbone',
        'pretrained': 'test_pretrained_backbones_take_any_channels',
        'init_weights': 'test_training_reads_first_weights_code_and_lambdas',
        'load_strict': 'test_strict_loading_says_what_does_not_fit',
        'external_def': 'test_code_of_a_model_is_an_asset',
        'extra_args': 'test_pretrained_networks_of_timm_keep_the_kernels_of_the_first_channels',
        'precision': 'test_settings_override_the_config_in_prediction',
        'compile': 'test_settings_override_the_config_in_prediction',
        'name': 'test_name_is_instead_of_other_definitions',
        'channels_last': 'test_settings_override_the_config_in_prediction',
    },
    'ObjectDetectionModelConfig': {
        'architecture': 'test_fcos_is_built_on_resnets',
        'anchor_sizes': 'test_anchors_start_from_the_sizes_that_are_asked_for',
    },
    'ObjectDetectionPredictOptions': {
        'merge_thresh': 'test_pruning_by_class_keeps_boxes_of_other_classes',
        'score_thresh': 'test_pruning_ignores_classes_and_keeps_only_higher_scores',
        'edge_sz': 'test_objects_cut_by_windows_are_left_out_if_asked_for',
    },
    'ObjectDetectionWindowSamplingConfig': {
        'ioa_thresh': 'test_boxes_are_cut_and_left_out_as_the_config_says',
        'clip': 'test_boxes_are_cut_and_left_out_as_the_config_says',
        'neg_ratio': 'test_a_scene_without_objects_gives_windows_without_in_spite_of_neg_ratio',
        'neg_ioa_thresh': 'test_the_asked_for_share_of_windows_holds_a_box',
        'windows_per_box': 'test_there_are_so_many_windows_for_each_box',
        'label_buffer': 'test_each_box_has_a_window_of_its_pixels_and_the_buffer',
    },
    'PipelineConfig': {
        'root_uri': 'test_missing_root_is_an_error',
        'rv_config': 'test_settings_that_plugins_record_come_to_the_jobs_by_rv_config',
        'plugin_versions': 'test_saved_config_says_the_plugin_versions',
    },
    'PlotOptions': {
        'transform': 'test_an_unknown_transform_names_the_closest',
        'channel_display_groups': 'test_a_channel_that_images_do_not_have_is_refused',
    },
    'PredictOptions': {
        'chip_sz': 'test_stride_defaults_to_the_chip_size',
        'stride': 'test_stride_defaults_to_the_chip_size',
        'batch_sz': 'test_only_commands_depend_on_a_field_that_read_it',
        'tta': 'test_predict_options_of_the_bundle_can_be_changed',
        'limit': 'test_all_of_a_tiny_run_works_and_writes_to_a_folder_of_its_own',
    },
    'PyTorchLearnerBackendConfig': dict.fromkeys(BACKEND, 'test_fields_of_the_backend_reach_the_learner'),
    'RVPipelineConfig': {
        'dataset': 'test_only_commands_depend_on_a_field_that_read_it',
        'backend': 'test_only_commands_depend_on_a_field_that_read_it',
        'evaluators': 'test_only_commands_depend_on_a_field_that_read_it',
        'analyzers': 'test_no_analyzer_is_added_where_none_is_needed',
        'analyze_uri': 'test_each_folder_of_a_run_may_lie_elsewhere',
        'chip_uri': 'test_each_folder_of_a_run_may_lie_elsewhere',
        'train_uri': 'test_each_folder_of_a_run_may_lie_elsewhere',
        'predict_uri': 'test_each_folder_of_a_run_may_lie_elsewhere',
        'eval_uri': 'test_the_evaluator_of_the_task_is_added',
        'bundle_uri': 'test_each_folder_of_a_run_may_lie_elsewhere',
        'source_bundle_uri': 'test_a_source_bundle_is_an_input_of_training',
        'chip_options': 'test_chips_need_options',
        'predict_options': 'test_a_scene_is_predicted_as_it_is_configured',
        'seed': 'test_sampling_is_the_same_for_the_same_seed_only',
        'license': 'test_the_card_knows_imagery_and_purpose',
        'description': 'test_the_card_knows_imagery_and_purpose',
        'report': 'test_eval_writes_a_report_if_asked_to',
    },
    'RegressionDataConfig': {
        'pos_class_names': 'test_named_targets_of_regression_are_positive_or_probabilities',
        'prob_class_names': 'test_named_targets_of_regression_are_positive_or_probabilities',
    },
    'RegressionModelConfig': {
        'output_multiplier': 'test_regression_outputs_are_positive_or_probabilities_where_asked',
    },
    'RegressionPlotOptions': {
        'max_scatter_points': 'test_errors_of_regression_are_plotted_as_configured',
        'hist_bins': 'test_errors_of_regression_are_plotted_as_configured',
    },
    'STACItemCollectionConfig': {'uri': 'test_config_reads_an_item_file', 'assets': 'test_config_reads_an_item_file'},
    'STACItemConfig': {'uri': 'test_config_reads_an_item_file', 'assets': 'test_config_reads_an_item_file'},
    'SceneConfig': {
        'id': 'test_the_name_of_a_scene_is_that_of_the_image',
        'raster_source': 'test_a_bbox_is_passed_on_to_the_raster',
        'label_source': 'test_labels_take_the_bbox_of_the_image',
        'label_store': 'test_a_scene_without_label_store_cannot_be_predicted',
        'aoi_uris': 'test_the_aoi_of_a_config_is_read',
    },
    'SemanticSegmentationChipOptions': {
        'target_class_ids': 'test_chips_without_target_classes_survive_by_chance',
        'negative_survival_prob': 'test_chips_without_target_classes_survive_by_chance',
        'target_count_threshold': 'test_chips_without_target_classes_survive_by_chance',
    },
    'SemanticSegmentationModelConfig': {'architecture': 'test_lraspp_chooses_its_backbone'},
    'SemanticSegmentationPredictOptions': {
        'crop_sz': 'test_auto_crop_is_half_of_the_overlap',
        'blend': 'test_blending_makes_seams_fainter',
    },
    'SolverConfig': {
        'lr': 'test_schedule_goes_on_where_it_stopped',
        'num_epochs': 'test_more_epochs_after_a_complete_run_go_on',
        'sync_interval': 'test_folder_is_synced_now_and_then_and_at_the_end',
        'batch_sz': 'test_accumulated_batches_are_as_one_larger',
        'one_cycle': 'test_two_schedules_are_refused',
        'multi_stage': 'test_two_schedules_are_refused',
        'class_loss_weights': 'test_weights_of_classes_shift_the_loss_to_them',
        'ignore_class_index': 'test_a_class_that_is_ignored_does_not_count',
        'external_loss_def': 'test_a_bundle_of_0_31_with_a_nameless_model_and_a_nameless_loss_is_trained_on',
        'loss': 'test_several_losses_are_summed',
        'label_smoothing': 'test_label_smoothing_is_that_of_cross_entropy',
        'focal_gamma': 'test_a_larger_focal_gamma_makes_sure_predictions_count_less',
        'optimizer': 'test_every_optimizer_changes_the_weights',
        'optimizer_args': 'test_arguments_of_the_optimizer_are_passed_on',
        'lr_schedule': 'test_a_schedule_by_name_replaces_the_default_one_cycle',
        'lr_schedule_args': 'test_a_schedule_by_name_replaces_the_default_one_cycle',
        'accumulate_batches': 'test_accumulated_batches_are_as_one_larger',
        'clip_grad_norm': 'test_gradients_are_clipped',
        'ema_decay': 'test_the_average_of_the_weights_is_kept_and_evaluated',
        'best_metric': 'test_the_best_epoch_is_kept',
        'early_stopping_epochs': 'test_training_stops_when_it_no_longer_gets_better',
        'state_interval': 'test_batches_that_are_done_are_neither_trained_nor_read_again',
        'on_nonfinite': 'test_a_batch_that_is_not_finite_can_be_passed_over',
        'overfit_batches': 'test_a_few_batches_are_learned_by_heart_if_they_can_be',
        'calibrate': 'test_scores_of_pixels_are_calibrated_and_their_classes_stay',
    },
    'StatsAnalyzerConfig': {
        'output_uri': 'test_the_output_of_a_config_is_by_scene_group',
        'sample_prob': 'test_an_image_narrower_than_a_chip_is_sampled',
        'chip_sz': 'test_an_image_narrower_than_a_chip_is_sampled',
        'nodata_value': 'test_an_empty_image_has_no_statistics',
        'seed': 'test_sampling_is_the_same_for_the_same_seed_only',
    },
    'StatsTransformerConfig': {'scene_group': 'test_another_scene_group_can_be_chosen'},
    'RasterioSourceConfig': {
        'expand_palette': 'test_a_palette_used_as_imagery_gives_colours',
        'allow_streaming': 'test_image_is_streamed',
    },
    'VectorOutputConfig': {
        'threshold': 'test_polygons_have_the_pixels_of_labels_tif_or_those_above_the_threshold',
    },
    'VectorTileVectorSourceConfig': {
        'uri': 'test_a_uri_that_is_no_tiles_is_refused',
        'zoom': 'test_mbtiles_can_be_read_as_a_whole_a_template_cannot',
        'id_field': 'test_pieces_of_a_feature_are_joined_by_its_id',
        'layer': 'test_the_layer_can_be_chosen',
    },
    'WandbLoggerConfig': dict.fromkeys(WANDB, 'test_settings_of_loggers_reach_them'),
    'WindowSamplingConfig': {
        'method': 'test_the_old_enum_is_understood',
        'size': 'test_sliding_stride_defaults_to_the_size',
        'stride': 'test_sliding_stride_defaults_to_the_size',
        'padding': 'test_padding_stays_as_it_was_given',
        'pad_direction': 'test_all_pixels_of_random_scenes_are_covered',
        'size_lims': 'test_random_size_limits_default_to_the_size',
        'h_lims': 'test_random_windows_may_have_two_sizes',
        'w_lims': 'test_random_windows_may_have_two_sizes',
        'max_windows': 'test_windows_for_chips_follow_the_sampling',
        'max_sample_attempts': 'test_random_windows_that_find_no_label_say_what_to_do',
        'efficient_aoi_sampling': 'test_random_windows_suit_the_aoi',
        'within_aoi': 'test_random_windows_suit_the_aoi',
        'limit': 'test_windows_for_chips_follow_the_sampling',
    },
    'XarraySourceConfig': {
        'stac': 'test_config_reads_an_item_file',
        'allow_streaming': 'test_assets_of_an_item_are_channels',
        'bbox_map_coords': 'test_unknown_options_and_two_bboxes_are_refused',
        'temporal': 'test_items_are_times',
        'stackstac_args': 'test_items_are_times',
    },
}  # fmt: skip
# Fields that change nothing, and why they are there.
WITHOUT_EFFECT = {
    'ImageDataConfig': {'data_format': 'each task has one format of files, which is its only value'},
    'ShiftTransformerConfig': {'round_pixels': 'features keep their fractions; see docs/differences.md'},
}

# Fields that no code reads by name, and why they are there.
NOT_READ_BY_NAME = {
    'bundle_uri': 'read as one of the folders of a run, by a name that is put together',
    'data_format': 'each task has one format of files, which is its only value',
}


def names_read() -> Counter[str]:
    """How often each name is read in the code: as an attribute, or in a text that stands alone, as for getattr."""
    found: Counter[str] = Counter()
    for path in ROOT.glob('rastervision_*/rastervision/**/*.py'):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                found[node.attr] += 1
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
                found[node.value] += 1
    return found


def is_ours(cls: type[Config]) -> bool:
    """Whether a config is one of the framework, not of a sample plugin or of a test that ran before."""
    home = Path(sys.modules[cls.__module__].__file__ or '')
    return home.is_relative_to(ROOT) and home.relative_to(ROOT).parts[0] in PARTS


def all_fields() -> dict[str, str]:
    """Fields of all registered configs of the project: name -> where it is."""
    registry_.load_plugins()
    for path in ROOT.glob('rastervision_*/rastervision/**/*.py'):
        if 'register_config(' in path.read_text() and 'example_plugin' not in str(path):
            parts = path.relative_to(ROOT).with_suffix('').parts[1:]
            importlib.import_module('.'.join(parts))
    fields: dict[str, str] = {}
    waiting: list[type[Config]] = [Config]
    while waiting:
        cls = waiting.pop()
        waiting += cls.__subclasses__()
        if is_ours(cls):
            fields |= dict.fromkeys(cls.model_fields, f'{cls.__module__}.{cls.__name__}')
    return fields


def test_each_field_of_a_config_is_read_somewhere() -> None:
    read = names_read()
    dead = {name: where for name, where in all_fields().items() if not read[name]}

    assert len(all_fields()) > 150
    assert dead.keys() == NOT_READ_BY_NAME.keys(), dead


def defined_fields() -> dict[str, set[str]]:
    """The fields that each config of the project adds to those of its bases, by its name."""
    all_fields()
    found: dict[str, set[str]] = {}
    waiting: list[type[Config]] = [Config]
    while waiting:
        cls = waiting.pop()
        waiting += cls.__subclasses__()
        if not is_ours(cls):
            continue
        bases = [base for base in cls.__mro__[1:] if base.__name__ != cls.__name__ and issubclass(base, Config)]
        inherited = {name for base in bases for name in base.model_fields} | {'type_hint'}
        found.setdefault(cls.__name__, set()).update(cls.model_fields.keys() - inherited)
    return found


def probed_fields() -> dict[str, set[str]]:
    """The fields that `test_config_effects` probes, by the config that it makes."""
    spec = importlib.util.spec_from_file_location('test_config_effects', PROBE)
    probe = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(probe)
    found: dict[str, set[str]] = {}
    for module, name, _, _, _, hidden in probe.CASES:
        for cls in getattr(module, name).__mro__:
            if issubclass(cls, Config):
                found.setdefault(cls.__name__, set()).update(cls.model_fields.keys() - hidden.keys())
    return found


def test_each_field_is_known_to_change_something() -> None:
    defined, probed = defined_fields(), probed_fields()
    listed = {(name, field) for table in (SHOWN_BY, WITHOUT_EFFECT) for name in table for field in table[name]}

    missing = {
        (name, field)
        for name, fields in defined.items()
        for field in fields - probed.get(name, set())
        if (name, field) not in listed
    }

    assert missing == set()
    assert {(name, field) for name, field in listed if field not in defined.get(name, set())} == set()


def test_tests_that_are_named_exist_and_speak_of_the_field() -> None:
    texts = {path: path.read_text() for path in (ROOT / 'tests').rglob('test_*.py')}
    homes = {
        node.name: text
        for text in texts.values()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and node.name.startswith('test_')
    }
    named = [(name, field, test) for name, fields in SHOWN_BY.items() for field, test in fields.items()]

    assert [each for each in named if each[1] not in homes.get(each[2], '')] == []
