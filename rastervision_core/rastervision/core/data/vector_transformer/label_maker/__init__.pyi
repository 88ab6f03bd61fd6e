from rastervision.core.data.vector_transformer.label_maker.filter import create_filter as create_filter
