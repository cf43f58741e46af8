//! Answers to questions, as messages: what HTTP says in JSON.

use super::messages::log_settings_request::setting_value::ParameterChoice as Wanted;
use super::messages::log_settings_response::SettingValue;
use super::messages::log_settings_response::setting_value::ParameterChoice as Set;
use super::messages::model_config::SchedulingChoice;
use super::messages::model_metadata_response::TensorMetadata;
use super::messages::model_version_policy::{PolicyChoice, Specific};
use super::messages::repository_index_response::ModelIndex;
use super::messages::{
    DataType, InferStatistics, LogSettingsRequest, LogSettingsResponse, ModelConfig,
    ModelDynamicBatching, ModelInput, ModelMetadataResponse, ModelOutput, ModelStatistics,
    ModelStatisticsResponse, ModelTensorReshape, ModelTransactionPolicy, ModelVersionPolicy,
    RepositoryIndexResponse, ServerMetadataResponse, StatisticDuration,
};
use crate::board::Board;
use crate::error::Error;
use crate::logging::{Change, Settings};
use crate::protocol::oip::config::{Config, TensorConfig};
use crate::protocol::oip::index;
use crate::protocol::oip::metadata::{self, ModelMetadata};
use crate::protocol::oip::statistics::{self, Statistics};

pub(super) fn server() -> ServerMetadataResponse {
    let metadata::ServerMetadata { name, version, extensions } = metadata::server();
    ServerMetadataResponse {
        name: name.to_owned(),
        version: version.to_owned(),
        extensions: extensions.map(str::to_owned).to_vec(),
    }
}

pub(super) fn model(model: ModelMetadata<'_>) -> ModelMetadataResponse {
    let tensor = |tensor: metadata::TensorMetadata<'_>| TensorMetadata {
        name: tensor.name.to_owned(),
        datatype: tensor.datatype.to_owned(),
        shape: tensor.shape,
    };
    ModelMetadataResponse {
        name: model.name.to_owned(),
        versions: model.versions.into_iter().map(str::to_owned).collect(),
        platform: model.platform.to_owned(),
        inputs: model.inputs.into_iter().map(tensor).collect(),
        outputs: model.outputs.into_iter().map(tensor).collect(),
    }
}

pub(super) fn config(config: Config<'_>) -> ModelConfig {
    let int = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let batching = config.dynamic_batching.map(|batching| ModelDynamicBatching {
        preferred_batch_size: batching.preferred_batch_size.map(int).to_vec(),
        max_queue_delay_microseconds: batching.max_queue_delay_microseconds,
    });
    let specific = Specific { versions: config.version_policy.specific.versions };
    let input = |tensor: TensorConfig<'_>| ModelInput {
        name: tensor.name.to_owned(),
        data_type: data_type(&tensor),
        reshape: reshape(&tensor),
        dims: tensor.dims,
    };
    let output = |tensor: TensorConfig<'_>| ModelOutput {
        name: tensor.name.to_owned(),
        data_type: data_type(&tensor),
        reshape: reshape(&tensor),
        dims: tensor.dims,
    };
    let policy = config.model_transaction_policy;
    ModelConfig {
        name: config.name.to_owned(),
        platform: config.platform.to_owned(),
        version_policy: Some(ModelVersionPolicy {
            policy_choice: Some(PolicyChoice::Specific(specific)),
        }),
        max_batch_size: int(config.max_batch_size),
        input: config.input.into_iter().map(input).collect(),
        output: config.output.into_iter().map(output).collect(),
        scheduling_choice: batching.map(SchedulingChoice::DynamicBatching),
        backend: config.backend.to_owned(),
        model_transaction_policy: Some(ModelTransactionPolicy { decoupled: policy.decoupled }),
    }
}

fn data_type(tensor: &TensorConfig<'_>) -> i32 {
    DataType::from_str_name(&tensor.data_type).unwrap_or(DataType::TypeInvalid).into()
}

fn reshape(tensor: &TensorConfig<'_>) -> Option<ModelTensorReshape> {
    tensor.reshape.as_ref().map(|reshape| ModelTensorReshape { shape: reshape.shape.to_vec() })
}

pub(super) fn statistics(statistics: Statistics) -> ModelStatisticsResponse {
    let one = |of: statistics::ModelStatistics| ModelStatistics {
        name: of.name,
        version: of.version,
        last_inference: of.last_inference,
        inference_count: of.inference_count,
        execution_count: of.execution_count,
        inference_stats: Some(times(&of.inference_stats)),
    };
    ModelStatisticsResponse { model_stats: statistics.model_stats.into_iter().map(one).collect() }
}

fn times(of: &statistics::InferenceStatistics) -> InferStatistics {
    let time =
        |time: statistics::Duration| Some(StatisticDuration { count: time.count, ns: time.ns });
    InferStatistics {
        success: time(of.success),
        fail: time(of.fail),
        queue: time(of.queue),
        compute_input: time(of.compute_input),
        compute_infer: time(of.compute_infer),
        compute_output: time(of.compute_output),
        cache_hit: time(of.cache_hit),
        cache_miss: time(of.cache_miss),
    }
}

pub(super) fn index(board: &Board, only_ready: bool) -> RepositoryIndexResponse {
    let one = |indexed: index::Indexed| ModelIndex {
        name: indexed.name,
        version: indexed.version,
        state: indexed.state.to_owned(),
        reason: indexed.reason,
    };
    let models = index::index(board, only_ready).into_iter().map(one).collect();
    RepositoryIndexResponse { models }
}

pub(super) fn settings(settings: Settings) -> LogSettingsResponse {
    let flag = |flag| Set::BoolParam(flag);
    let level = u32::try_from(settings.log_verbose_level).unwrap_or(u32::MAX);
    let all = [
        ("log_file", Set::StringParam(settings.log_file)),
        ("log_info", flag(settings.log_info)),
        ("log_warning", flag(settings.log_warning)),
        ("log_error", flag(settings.log_error)),
        ("log_verbose_level", Set::Uint32Param(level)),
        ("log_format", Set::StringParam(settings.log_format)),
    ];
    let one =
        |(key, set): (&str, Set)| (key.to_owned(), SettingValue { parameter_choice: Some(set) });
    LogSettingsResponse { settings: all.into_iter().map(one).collect() }
}

/// The settings that a message changes.
///
/// # Errors
/// [`Error::Request`] for a setting that is not there, or of another type.
pub(super) fn change(request: LogSettingsRequest) -> Result<Change, Error> {
    let mut change = Change::default();
    for (key, value) in request.settings {
        let set = value.parameter_choice;
        match (key.as_str(), set) {
            ("log_file", Some(Wanted::StringParam(file))) => change.log_file = Some(file),
            ("log_format", Some(Wanted::StringParam(format))) => change.log_format = Some(format),
            ("log_info", Some(Wanted::BoolParam(flag))) => change.log_info = Some(flag),
            ("log_warning", Some(Wanted::BoolParam(flag))) => change.log_warning = Some(flag),
            ("log_error", Some(Wanted::BoolParam(flag))) => change.log_error = Some(flag),
            ("log_verbose_level", Some(Wanted::Uint32Param(level))) => {
                change.log_verbose_level = Some(level.into());
            }
            _ => return Err(Error::Request(format!("\"{key}\" is no such log setting"))),
        }
    }
    Ok(change)
}
