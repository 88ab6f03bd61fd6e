from rastervision.core.data.vector_transformer.buffer_transformer import BufferTransformer as BufferTransformer
from rastervision.core.data.vector_transformer.buffer_transformer_config import (
    BufferTransformerConfig as BufferTransformerConfig,
)
from rastervision.core.data.vector_transformer.class_inference_transformer import (
    ClassInferenceTransformer as ClassInferenceTransformer,
)
from rastervision.core.data.vector_transformer.class_inference_transformer_config import (
    ClassInferenceTransformerConfig as ClassInferenceTransformerConfig,
)
from rastervision.core.data.vector_transformer.label_maker.filter import create_filter as create_filter
from rastervision.core.data.vector_transformer.shift_transformer import ShiftTransformer as ShiftTransformer
from rastervision.core.data.vector_transformer.shift_transformer_config import (
    ShiftTransformerConfig as ShiftTransformerConfig,
)
from rastervision.core.data.vector_transformer.vector_transformer import VectorTransformer as VectorTransformer
from rastervision.core.data.vector_transformer.vector_transformer_config import (
    VectorTransformerConfig as VectorTransformerConfig,
)
