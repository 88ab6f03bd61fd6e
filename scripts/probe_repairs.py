"""Probes of `probe_api.py` that are cut in their file, or whose lines cannot be told apart: completed by hand.

A repair has the call, and what was expected if that depends on data that are not known.
"""

from typing import Any


def _attributes(make: str, of: str, names: str) -> dict[str, Any]:
    given = ', '.join(f'["(tuple)", "{name}", true]' for name in names.split())
    return {
        'call': f'{make}\nreturn [(a, hasattr({of}, a)) for a in {names.split()!r}]',
        'expect': f'[{given}]',
    }


REPAIRS: dict[str, dict[str, Any]] = {
    'abstract_learner': {
        'call': """
            class B(Learner):
                def get_visualizer_class(self): return None
                def build_model(self, model_def_path=None): return Net()
                def build_loss(self, loss_def_path=None): return nn.CrossEntropyLoss()
                def train_step(self, batch, batch_ind): return {'train_loss': 0}
                def validate_step(self, batch, batch_ind): return {}
            return B(ss_cfg(), output_dir=tempfile.mkdtemp())
        """
    },
    'user_model_validator_bad': {
        'call': """
            from pydantic import model_validator
            @register_config('pval2', plugin='rastervision.pp')
            class V(Config):
                a: int = 1; b: int = 2
                @model_validator(mode='after')
                def chk2(self):
                    if self.a > self.b: raise ConfigError('a > b')
                    return self
            return V(a=5).a
        """
    },
    'mrs_attrs': {
        'call': """
            m = MultiRasterSource([RasterioSource(I), RasterioSource(I)], channel_order=[0,3])
            names = ('raster_sources','primary_source','primary_source_idx','non_primary_sources','all_sources')
            return m.shape, m.num_channels, m.dtype, [(a, hasattr(m,a)) for a in names]
        """
    },
    'ci_infer_filter_fn': {
        'call': """
            from rastervision.core.data.vector_transformer.label_maker.filter import create_filter
            return ClassInferenceTransformer.infer_feature_class_id(feat(None, type='building'), default_class_id=None,
                class_id_to_filter={2: create_filter(['==','type','building'])})
        """
    },
    'cc_ls': {
        'call': """
            config = D.ChipClassificationLabelSourceConfig(background_class_id=0, infer_cells=True, cell_sz=5)
            ls = ChipClassificationLabelSource(config, vs(), bbox=Box(0,0,20,30)); l = ls.get_labels()
            return (len(l), l.get_class_ids(), ls[Box(0,0,5,5)], ls.bbox, ls.crs_transformer is not None,
                [(a, hasattr(ls,a)) for a in ('labels','labels_df','validated_labels','cells')])
        """,
        'expect': '["(tuple)", 24, ' + str([0] * 24) + ', 0, "Box(0, 0, 20, 30)", true, [["(tuple)", "labels", true], '
        '["(tuple)", "labels_df", true], ["(tuple)", "validated_labels", false], ["(tuple)", "cells", false]]]',
    },
    'ds_attrs': {
        'call': """
            ds = SSS(scene(), size=10, stride=5, padding=2, out_size=16, transform=A.HorizontalFlip(p=1))
            names = ('size','stride','padding','out_size','pad_direction','within_aoi')
            return [(a, getattr(ds, a, '<none>')) for a in names]
        """,
        'expect': '[["(tuple)", "size", ["(tuple)", 10, 10]], ["(tuple)", "stride", ["(tuple)", 5, 5]], ["(tuple)", '
        '"padding", 2], ["(tuple)", "out_size", ["(tuple)", 16, 16]], ["(tuple)", "pad_direction", "end"], '
        '["(tuple)", "within_aoi", true]]',
    },
    'ds_random_attrs': _attributes(
        'ds = SSR(scene(), out_size=16, size_lims=(5,9), max_windows=7, padding=2)',
        'ds',
        'size_lims h_lims w_lims min_size max_size padding max_windows max_sample_attempts',
    ),
    'geodataset_sub': {
        'call': """
            class G(GeoDataset):
                def init_windows(self): self.windows = [Box(0,0,5,5)]
                def __len__(self): return 1
                def __getitem__(self, i): return super().__getitem__(self.windows[i])
            g = G(scene(), out_size=8, transform_type=TransformType.semantic_segmentation)
            g.init_windows(); return g[0][0].shape
        """
    },
    'hubdir': {
        'call': """
            from rastervision.pytorch_learner.utils.torch_hub import get_hubconf_dir_from_cfg as g
            E = L.ExternalModuleConfig
            return (g(E(github_repo='a/b:1', entrypoint='x')), g(E(uri='s3://a/b/repo.zip', entrypoint='x')),
                g(E(uri='s3://a/b/repo.zip', entrypoint='x', name='n')),
                g(E(github_repo='a/b:1', entrypoint='x'), parent='/p'))
        """
    },
    'l_attrs': _attributes('l = mk()', 'l', 'model loss opt epoch_scheduler step_scheduler train_ds valid_ds test_ds'),
    'rvc': _attributes('', 'rv_config', 'config profile rv_home tmp_dir_root verbosity get_tmp_dir get_tmp_dir_root'),
    'pipe_cli': {
        'call': """
            from click.testing import CliRunner
            from rastervision.pipeline.cli import main, run
            d = tempfile.mkdtemp(); f = join(d,'cfg.json'); PPC(root_uri=d).to_file(f)
            r = CliRunner().invoke(main, ['run','inprocess',f,'c1'])
            return r.exit_code, sorted(os.listdir(d)), str(r.exception)
        """
    },
    'ls_attrs': {
        'call': """
            d = join(T,'lsa')
            s = SemanticSegmentationLabelStore(uri=d, crs_transformer=IdentityCRSTransformer(),
                class_config=cc(null_class='a'), smooth_output=True)
            l = SemanticSegmentationSmoothLabels(Box(0,0,4,4), 2); l[Box(0,0,4,4)] = np.stack([np.eye(4),1-np.eye(4)])
            s.save(l)
            names = ('root_uri','label_uri','score_uri','hits_uri','label_source','score_source','class_transformer')
            return [(a, hasattr(s,a)) for a in names]
        """
    },
    'ls_vo_duck': {
        'call': """
            s = SemanticSegmentationLabelStore(uri=join(T,'vo3'), crs_transformer=IdentityCRSTransformer(),
                class_config=cc(null_class='a'), vector_outputs=[CVO2(class_id=1, denoise=8, threshold=.5)],
                discrete_output=True)
            l = SemanticSegmentationSmoothLabels(Box(0,0,20,20), 2)
            l[Box(0,0,20,20)] = np.stack([np.zeros((20,20)), np.ones((20,20))])
            s.save(l)
            root = join(T,'vo3')
            return sorted(os.path.relpath(join(d, f), root) for d, _, fs in os.walk(root) for f in fs)
        """
    },
    'reg_upgrader_default': {
        'call': """
            def up(d, version): d['x'] = 'up'; return d
            @register_config('pu', plugin='rastervision.pp', upgrader=up)
            class PU(Config): x: str = 'a'
            registry.update_config_info()
            return upgrade_config({'type_hint':'pu','plugin_versions':{'rastervision.pp':0}})
        """
    },
    'reg_attrs': {
        'call': """
            return [(a, hasattr(registry,a)) for a in ('plugin_versions','configs','runners','file_systems',
                'plugin_commands','rv_config_schema','type_hint_to_upgrader','type_hint_to_plugin','alias_to_plugin',
                'renamed_type_hints','type_hint_to_lineage')]
        """
    },
    'viz_hook': {
        'call': """
            from rastervision.pytorch_learner import SemanticSegmentationVisualizer as V
            class V2(V): pass
            class B(SemanticSegmentationLearner):
                def get_visualizer_class(self): return V2
            l = mk(B); return type(l.visualizer).__name__
        """
    },
    'save_weights_hook': {
        'call': """
            calls = []
            class B(SemanticSegmentationLearner):
                def save_weights(self, path): calls.append(os.path.basename(path)); super().save_weights(path)
            l = mk(B); l.train(epochs=1); return bool(calls)
        """
    },
    'tb_in_epoch_end': {
        'call': """
            class B(SemanticSegmentationLearner):
                def on_epoch_end(self, curr_epoch, metrics):
                    super().on_epoch_end(curr_epoch, metrics)
                    if self.cfg.log_tensorboard: self.tb_writer.add_scalar('x', 1, curr_epoch)
            l = mk(B); l.train(epochs=1); return 'ok'
        """
    },
    'pipe_run': {
        'call': """
            d = tempfile.mkdtemp(); c = PPC(root_uri=d); c.update(); p = c.get_config_uri(); c.to_file(p)
            from rastervision.pipeline.cli import _run_command
            _run_command(p, 'c1'); _run_command(p, 'c2', split_ind=0, num_splits=2); return sorted(os.listdir(d))
        """
    },
    'pipe_post_process': {'skip': 'its pipeline and backend are not in the file'},
    'pipe_train_hooks': {'skip': 'its pipeline and backend are not in the file'},
    # The numbers depend on the image of the probes, which is not known.
    'rst_save': {
        'call': """
            s = RasterStats(); s.compute([RasterioSource(I)], chip_sz=10)
            return sorted(s.to_dict()), {name: type(value).__name__ for name, value in s.to_dict().items()}
        """,
        'expect': '["(tuple)", ["counts", "means", "stds"], '
        '{"means": "ndarray", "stds": "ndarray", "counts": "ndarray"}]',
    },
}
